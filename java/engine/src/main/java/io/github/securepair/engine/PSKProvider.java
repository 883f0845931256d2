package io.github.securepair.engine;

/**
 * Answers when a handshake needs a pre-shared key. It runs inside the read, on the thread that
 * called it, because OpenSSL cannot wait there: the connection that asks can only be closed
 * meanwhile, every other call on it throws {@link IllegalStateException}. Other connections may be
 * used.
 */
@FunctionalInterface
public interface PSKProvider {
    /**
     * Returns the key to use.
     *
     * @param name on servers the identity that the client sent; on clients the server's hint, null
     *     for none. A client that may speak TLS 1.3 is asked with null before anything is sent, and
     *     again with the hint when it comes to a PSK suite of TLS 1.2
     * @param maxKey the most bytes a key may have
     * @param maxIdentity the most UTF-8 bytes an identity may have; 0 on servers
     * @return the key; null or an empty one for none: the handshake goes on without, or fails
     * @throws Exception what is thrown becomes the cause of the handshake's failure, else by
     *     {@link ConnectionEvent.PSKFailed}, and there is no key; so is the
     *     {@link IllegalArgumentException} made of a key or an identity that is too long
     */
    PreSharedKey find(String name, int maxKey, int maxIdentity) throws Exception;
}
