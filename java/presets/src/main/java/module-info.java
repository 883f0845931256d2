/** OpenSSL's own functions from Java, through JavaCPP, and the glue that the engine stands on. */
module io.github.securepair.openssl {
    requires transitive org.bytedeco.javacpp;

    exports io.github.securepair.openssl;
    exports io.github.securepair.openssl.presets;
    exports io.github.securepair.openssl.types;
}
