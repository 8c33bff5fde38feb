// The broker aedes on a port of loopback, its sessions in memory: aedes.js PORT
'use strict'

const net = require('net')
const aedes = require('aedes')()

aedes.on('subscribe', (subscriptions, client) => {
  if (client) console.log(`subscribed ${client.id}: ${subscriptions.map(s => `${s.topic} ${s.qos}`)}`)
})
aedes.on('clientReady', client => console.log(`ready ${client.id}`))
net.createServer(aedes.handle).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'))
