package io.github.securepair.openssl.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.tools.BuildEnabled;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;
import org.bytedeco.javacpp.tools.Logger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * How JavaCPP is to bind libcrypto. {@code crypto_surface.h}, which the build writes from the
 * allow-lists in {@code surface/} and the real headers, is parsed; {@code crypto_native.h}, which
 * includes the real headers, is what the generated code compiles against: a wrong signature is a
 * compile error.
 */
@org.bytedeco.javacpp.annotation.Properties(
        value =
                @Platform(
                        value = "linux",
                        include = {"crypto_native.h", "crypto_surface.h"},
                        link = "crypto@.3",
                        library = "jnicrypto"),
        target = "io.github.securepair.openssl.types",
        global = "io.github.securepair.openssl.Crypto",
        helper = "io.github.securepair.openssl.CryptoConstants")
@NoException
public class Crypto implements InfoMapper, BuildEnabled {
    static {
        Defaults.apply();
    }

    private static final String SURFACE = "securepair.surface";
    private static List<String> standIns;

    @Override
    public void init(Logger logger, Properties properties, String encoding) {
        String folder = properties.getProperty(SURFACE);
        if (folder == null) {
            return;
        }
        try {
            standIns = Files.readAllLines(Path.of(folder, "stand-ins.txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void map(InfoMap infos) {
        infos.put(new Info("crypto_native.h").skip());
        infos.put(new Info("SECUREPAIR_SURFACE").define());
        infos.put(new Info("SECUREPAIR_DEPRECATED").cppTypes().annotations("@Deprecated"));
        if (standIns == null) {
            throw new IllegalStateException(
                    "set the property " + SURFACE + " to the folder of stand-ins.txt");
        }
        for (String line : standIns) {
            String[] words = line.split("\t");
            infos.put(new Info(words[0]).valueTypes(words[1]));
        }
    }
}
