// MQTT.js, by the lines of steps.h: mqttjs.js URL [again]. Over TLS, the authority
// is ca.crt of the folder where it runs.
'use strict'

const fs = require('fs')
const readline = require('readline')
const mqtt = require('mqtt')

const [url, again] = process.argv.slice(2)
let client = null

function connect (version, id, session, keepalive, topic, qos, retain, text) {
  if (client) client.end(true)
  const options = {
    protocolId: version === '3' ? 'MQIsdp' : 'MQTT',
    protocolVersion: Number(version),
    clientId: id === '-' ? '' : id,
    clean: session === 'clean',
    keepalive: Number(keepalive),
    reconnectPeriod: again ? 500 : 0
  }
  if (topic) options.will = { topic, qos: Number(qos), retain: retain === '1', payload: text }
  if (fs.existsSync('ca.crt')) options.ca = fs.readFileSync('ca.crt')
  return new Promise((resolve, reject) => {
    const mine = mqtt.connect(url, options)
    client = mine
    mine.once('connect', ack => resolve(`connected ${Number(ack.sessionPresent)}`))
    mine.on('error', reject)
    mine.on('close', () => {
      reject(new Error('connection lost'))
      if (!mine.disconnecting) console.log('lost')
    })
    mine.on('message', (name, payload, packet) => {
      console.log(`message ${name} ${packet.qos} ${Number(packet.retain)} ${payload}`)
    })
  })
}

function subscribe (filter, qos) {
  return new Promise((resolve, reject) => {
    client.once('close', () => reject(new Error('connection lost')))
    client.subscribe(filter, { qos: Number(qos) }, (error, granted) => {
      if (error) reject(error)
      else resolve(`subscribed ${granted[0].qos}`)
    })
  })
}

function unsubscribe (filter) {
  return client.unsubscribeAsync(filter).then(() => 'unsubscribed')
}

function send (topic, qos, retain, text) {
  return new Promise((resolve, reject) => {
    if (!again) client.once('close', () => reject(new Error('connection lost')))
    client.publish(topic, text, { qos: Number(qos), retain: retain === '1' }, error => {
      if (error) reject(error)
      else resolve('published')
    })
  })
}

function publish (topic, qos, retain, text = '') {
  return send(topic, qos, retain, text)
}

function burst (topic, qos, count) {
  client.setMaxListeners(0)
  const sent = Array.from({ length: Number(count) }, (_, i) => send(topic, qos, '0', String(i)))
  return Promise.all(sent).then(() => 'published')
}

function disconnect () {
  return client.endAsync().then(() => 'disconnected')
}

const verbs = { connect, subscribe, unsubscribe, publish, burst, disconnect }
const words = { connect: 8, subscribe: 2, unsubscribe: 1, publish: 4, burst: 3, disconnect: 0 }

// The words of a line; the last one takes the rest.
function split (line) {
  const [verb, ...rest] = line.split(' ')
  const last = words[verb] - 1
  return [verb, ...(rest.length > last + 1 ? [...rest.slice(0, last), rest.slice(last).join(' ')] : rest)]
}

async function main () {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, ...rest] = split(line)
    try {
      console.log(await verbs[verb](...rest))
    } catch (error) {
      console.log(`refused ${error.message}`)
    }
  }
  if (client) client.end(true)
}

main()
