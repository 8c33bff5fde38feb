"""An authority of the story's own, and what it signs, by openssl."""


class Authority:
    """Certificates in the story's folder."""

    def __init__(self, box, name="ca"):
        self.box = box
        self.name = name
        self.crt = box.dir / f"{name}.crt"
        self.key = box.dir / f"{name}.key"
        self._openssl(
            "req", "-x509", *self._new(self.key), "-out", self.crt, "-days", 3650,
            "-subj", f"/CN=authority {name}",
        )  # fmt: skip

    def _openssl(self, *args):
        self.box.run("openssl", *args)

    def _new(self, key):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key

    def issue(self, name, days=365, common=None, san="DNS:localhost,IP:127.0.0.1"):
        """NAME.crt and NAME.key for this machine, or for a client called so."""
        crt, key, csr = (self.box.dir / f"{name}.{end}" for end in ("crt", "key", "csr"))
        self._openssl(
            "req", *self._new(key), "-out", csr, "-subj", f"/CN={common or name}",
            "-addext", f"subjectAltName={san}",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", csr, "-CA", self.crt, "-CAkey", self.key, "-CAcreateserial",
            "-out", crt, "-days", days, "-copy_extensions", "copy",
        )  # fmt: skip
        return crt, key
