// Opens a TLS connection to a port of 127.0.0.1 as if to a host: HOST PORT.
const net = require('node:net');
const tls = require('node:tls');

const [host, port] = process.argv.slice(2);
const socket = tls.connect({
  host: '127.0.0.1',
  port: Number(port),
  servername: net.isIP(host) ? undefined : host,
  checkServerIdentity: (_, cert) => tls.checkServerIdentity(host, cert),
});
socket.on('secureConnect', () => socket.end());
socket.on('error', (err) => {
  console.error(err.message);
  process.exitCode = 1;
});
