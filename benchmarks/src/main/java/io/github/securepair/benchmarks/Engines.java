package io.github.securepair.benchmarks;

import javax.net.ssl.SSLEngine;

/** Makes the engines of one stack, in the best configuration it has for the setting. */
interface Engines {
    /** What every client says it connects to; keys of session caches are made of it. */
    String HOST = "localhost";

    SSLEngine client() throws Exception;

    SSLEngine server() throws Exception;

    /** The group an engine agreed on; null where the stack does not tell. */
    String group(SSLEngine engine);

    /** Frees what the garbage collector would not. */
    void release(SSLEngine engine);

    void close();
}
