/**
 * Securepair's engine: TLS between byte buffers, on OpenSSL. Knows no sockets, no threads, no
 * listeners.
 */
module io.github.securepair.engine {
    requires io.github.securepair.openssl;
    requires org.bytedeco.javacpp;

    exports io.github.securepair.engine;
    exports io.github.securepair.engine.unchecked to
            io.github.securepair;
}
