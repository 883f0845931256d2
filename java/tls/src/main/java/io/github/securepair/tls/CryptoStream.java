package io.github.securepair.tls;

/**
 * One of the two streams of a {@link SecurePair}: {@link SecurePair#cleartext()} or
 * {@link SecurePair#encrypted()}.
 */
public interface CryptoStream {
    /** The pair that this stream belongs to. */
    SecurePair pair();

    /**
     * The bytes written towards the peer, TLS overhead included: those of the socket that
     * {@code encrypted} was piped to, else those that {@code encrypted} has produced. (What was
     * written to {@code cleartext} is less.)
     */
    long bytesWritten();
}
