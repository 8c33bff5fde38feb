// The broker aedes on a port of loopback, its sessions in memory: aedes.js PORT
// It says each message that comes to it: got TOPIC QOS TEXT
'use strict'

const net = require('net')
const aedes = require('aedes')()

aedes.on('publish', (packet, client) => {
  if (client) console.log(`got ${packet.topic} ${packet.qos} ${packet.payload}`)
})
net.createServer(aedes.handle).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'))
