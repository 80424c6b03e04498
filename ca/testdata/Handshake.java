import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Opens a TLS connection to a port of 127.0.0.1 as if to a host: HOST PORT. */
public class Handshake {
    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[1]);
        SSLSocketFactory tls = (SSLSocketFactory) SSLSocketFactory.getDefault();
        try (SSLSocket s = (SSLSocket) tls.createSocket(new Socket("127.0.0.1", port), args[0], port, true)) {
            SSLParameters checks = s.getSSLParameters();
            checks.setEndpointIdentificationAlgorithm("HTTPS");
            s.setSSLParameters(checks);
            s.startHandshake();
        }
    }
}
