"""Opens a TLS connection to a port of 127.0.0.1 as if to a host: HOST PORT.

Strict, as Python is by default from 3.13 on.
"""

import socket
import ssl
import sys

host, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(("127.0.0.1", port)) as plain:
    with context.wrap_socket(plain, server_hostname=host):
        pass
