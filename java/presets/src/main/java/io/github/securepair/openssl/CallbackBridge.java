package io.github.securepair.openssl;

import io.github.securepair.openssl.types.SSL;
import io.github.securepair.openssl.types.SSL_CTX;

import org.bytedeco.javacpp.FunctionPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Allocator;
import org.bytedeco.javacpp.annotation.Properties;

/**
 * The one function pointer that OpenSSL's callbacks end in. It is made once, held for ever and
 * never closed, because JavaCPP gives a function pointer class ten slots, fills them without a lock
 * and holds their objects weakly.
 */
@Properties(inherit = io.github.securepair.openssl.presets.Ssl.class)
final class CallbackBridge {
    static final int RELEASE = 0;
    static final int VERIFY = 1;
    static final int ALPN = 2;
    static final int KEYLOG = 3;
    static final int INFO = 4;
    static final int MESSAGE = 5;
    static final int HELLO = 6;
    static final int SERVERNAME = 7;
    static final int SESSION = 8;
    static final int STATUS = 9;

    /**
     * Written once by class initialization, which is the lock that JavaCPP's slots lack; the
     * library is loaded then.
     */
    private static final Upcall UPCALL = new Upcall();

    static {
        if (securepair_callbacks_init(UPCALL) != 1) {
            throw new IllegalStateException("OpenSSL gave no room for callback numbers");
        }
    }

    private CallbackBridge() {}

    /**
     * Called by OpenSSL through C, on any thread. Throws nothing: a throw would unwind OpenSSL's
     * frames.
     */
    @Allocator(max = 1)
    static final class Upcall extends FunctionPointer {
        Upcall() {
            allocate();
        }

        private native void allocate();

        public long call(
                int kind,
                long own,
                long origin,
                long current,
                long a,
                long b,
                long c,
                long d,
                long e) {
            return Callbacks.dispatch(kind, own, origin, current, a, b, c, d, e);
        }
    }

    /** A pointer to an address that OpenSSL named; borrowed, never freed by Java. */
    static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }

    private static native int securepair_callbacks_init(Upcall upcall);

    static native long securepair_ctx_get_number(SSL_CTX ctx);

    static native int securepair_ctx_set_number(SSL_CTX ctx, long number);

    static native long securepair_ssl_get_number(SSL ssl);

    static native int securepair_ssl_set_number(SSL ssl, long number);

    static native void securepair_ctx_switch(SSL_CTX ctx, int kind, int on, long number);

    static native void securepair_ssl_switch(SSL ssl, int kind, int on, long number);
}
