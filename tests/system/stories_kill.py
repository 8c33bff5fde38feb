"""The gateway is killed over and over under load; SEED=N and KILLS=N choose another run."""

import os
import random

import kill

KILLS = 20


def what_is_acknowledged_is_delivered_through_kill_9_at_random_moments(box):
    seed = os.environ.get("SEED") or random.randrange(1 << 32)
    kill.kill(box, int(os.environ.get("KILLS") or KILLS), int(seed))
