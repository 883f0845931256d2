package io.github.securepair.openssl.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** How JavaCPP is to bind libssl, on top of {@link Crypto}, whose types it shares. */
@Properties(
        inherit = Crypto.class,
        value =
                @Platform(
                        value = "linux",
                        include = {"ssl_native.h", "ssl_surface.h", "securepair_callbacks.h"},
                        link = "ssl@.3",
                        library = "jnissl"),
        target = "io.github.securepair.openssl.types",
        global = "io.github.securepair.openssl.Ssl",
        helper = "io.github.securepair.openssl.SslConstants")
@NoException
public class Ssl implements InfoMapper {
    static {
        Defaults.apply();
    }

    @Override
    public void map(InfoMap infos) {
        infos.put(new Info("ssl_native.h", "securepair_callbacks.h").skip());
    }
}
