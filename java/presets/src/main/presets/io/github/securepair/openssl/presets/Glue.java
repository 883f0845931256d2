package io.github.securepair.openssl.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.BuildEnabled;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;
import org.bytedeco.javacpp.tools.Logger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How JavaCPP is to bind the C glue, {@code native/include/sp.h} and {@code sp_psk.h}.
 *
 * <p>Handles and buffers cross as {@code long} addresses: a call then costs what the bare JNI
 * transition costs, and no Pointer object is made. The signatures are read from the headers
 * themselves, so that a new function needs nothing here; the generated C++ is compiled against the
 * same headers.
 *
 * <p>The one upcall of the glue becomes the one function pointer here: made once, held for ever and
 * never closed, because JavaCPP gives a function pointer class few slots, fills them without a lock
 * and holds their objects weakly. Only {@code setPSKHandler} makes or sets one.
 */
@Properties(
        value =
                @Platform(
                        value = "linux",
                        include = {"sp.h", "sp_psk.h", "sp_address.h"},
                        link = {"crypto@.3", "ssl@.3"},
                        library = "jnisecurepair"),
        global = "io.github.securepair.openssl.Glue")
@NoException
public class Glue implements InfoMapper, BuildEnabled {
    static {
        Defaults.apply();
    }

    private static final Pattern FUNCTION = Pattern.compile(
            "^(?:SP_API )?([a-z_0-9]+(?: \\*)?) ?\\*?(sp_\\w+)\\(([^)]*)\\);", Pattern.MULTILINE);
    private static final Pattern PARAMETER = Pattern.compile("^(.*?)(\\w+)(\\[\\w+\\])?$");

    private static final String UPCALL = """
        /** Answers for every connection; see {@code sp_psk_fn}. Addresses live for the call. */
        @FunctionalInterface
        public interface PSKHandler {
            int answer(
                    long token,
                    long name,
                    int nameLength,
                    long identity,
                    int identityCap,
                    long identityLength,
                    long psk,
                    int pskCap);
        }

        private static PSKHandler pskHandler;
        private static PSKFunction pskFunction;

        /** Sets what answers, once and for ever. It should throw nothing; if it does, there is no key. */
        public static synchronized void setPSKHandler(PSKHandler handler) {
            if (handler == null || pskHandler != null) {
                throw new IllegalStateException("one PSK handler, set once");
            }
            pskFunction = new PSKFunction();
            pskHandler = handler;
            sp_psk_set_function(pskFunction);
        }

        /** Called by C on the thread that is inside a turn. A throw would stay pending in OpenSSL. */
        @Allocator(max = 1)
        static final class PSKFunction extends FunctionPointer {
            private PSKFunction() { allocate(); }

            private native void allocate();

            public @Cast("int32_t") int call(
                    @Cast("int64_t") long token,
                    @Cast("const uint8_t *") long name,
                    @Cast("int32_t") int nameLength,
                    @Cast("uint8_t *") long identity,
                    @Cast("int32_t") int identityCap,
                    @Cast("int32_t *") long identityLength,
                    @Cast("uint8_t *") long psk,
                    @Cast("int32_t") int pskCap) {
                try {
                    return pskHandler.answer(
                            token, name, nameLength, identity, identityCap, identityLength, psk, pskCap);
                } catch (Throwable e) {
                    return 0;
                }
            }
        }

        private static native void sp_psk_set_function(@Cast("sp_psk_fn") PSKFunction function);
        """;

    private static List<String> headers = List.of();

    @Override
    public void init(Logger logger, java.util.Properties properties, String encoding) {
        String folder = properties.getProperty("securepair.headers");
        headers = folder == null ? List.of() : List.of(folder + "/sp.h", folder + "/sp_psk.h");
    }

    @Override
    public void map(InfoMap infos) {
        infos.put(new Info("SP_H", "SP_PSK_H", "SP_ADDRESS_H").define(false).skip());
        // Structs are read by their fixed layout, without a class; skipping their names would drop
        // every function too.
        infos.put(new Info("sp.h", "sp_psk.h")
                .linePatterns(
                        "typedef struct sp_\\w+ \\{",
                        "\\} sp_\\w+;",
                        "typedef struct sp_\\w+ sp_\\w+;")
                .skip());
        infos.put(new Info("sp_address")
                .javaText("/** Address of the byte at a direct buffer's position; 0 for any other"
                        + " buffer. */\n"
                        + "public static long address(Buffer buffer) {\n"
                        + "    return buffer != null && buffer.isDirect() ? sp_address(buffer)"
                        + " : 0;\n"
                        + "}\n"
                        + "private static native long sp_address(Buffer buffer);\n"));
        infos.put(new Info("sp_memcpy")
                .javaText("/** memcpy between addresses; nothing is checked. */\n"
                        + "public static native void sp_memcpy(@Cast(\"void *\") long to,"
                        + " @Cast(\"const void *\") long from, int length);\n\n"
                        + UPCALL));
        // Together with the setter, whose Java is in UPCALL.
        infos.put(new Info("sp_psk_fn").skip());
        for (String header : headers) {
            Matcher function = FUNCTION.matcher(withoutComments(header));
            while (function.find()) {
                String name = function.group(2);
                if (!name.equals("sp_psk_set_function")) {
                    infos.put(new Info(name)
                            .javaText(declaration(function.group(0), name, function.group(3))));
                }
            }
        }
    }

    private static String withoutComments(String header) {
        try {
            return Files.readString(Path.of(header))
                    .replaceAll("(?s)/\\*.*?\\*/", "")
                    .replaceAll("[ \\t]*\\n[ \\t]+", " ");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String declaration(String whole, String name, String parameters) {
        String result = whole.substring(0, whole.indexOf(name)).strip();
        List<String> list = new ArrayList<>();
        if (!parameters.strip().equals("void")) {
            for (String parameter : parameters.split(",")) {
                Matcher parts = PARAMETER.matcher(parameter.strip());
                if (!parts.matches()) {
                    throw new IllegalStateException("cannot read " + whole);
                }
                String type = parts.group(1).strip() + (parts.group(3) == null ? "" : " *");
                list.add(javaType(type) + " " + parts.group(2));
            }
        }
        return "public static native " + javaType(result) + " " + name + "("
                + String.join(", ", list) + ");\n";
    }

    private static String javaType(String c) {
        if (c.endsWith("*")) {
            return "@Cast(\"" + c + "\") long";
        }
        return switch (c) {
            case "void" -> "void";
            case "int32_t", "uint32_t" -> "@Cast(\"" + c + "\") int";
            case "int64_t", "uint64_t", "size_t" -> "@Cast(\"" + c + "\") long";
            default -> throw new IllegalStateException("no Java type for " + c);
        };
    }
}
