/**
 * Securepair's engine: TLS between byte buffers, on OpenSSL. Knows no sockets, no threads, no
 * listeners.
 */
@SuppressWarnings("module") // Those it is exported to are built later.
module io.github.securepair.engine {
    requires io.github.securepair.openssl;
    requires org.bytedeco.javacpp;

    exports io.github.securepair.engine;
    exports io.github.securepair.engine.internal to
            io.github.securepair,
            io.github.securepair.benchmarks;
}
