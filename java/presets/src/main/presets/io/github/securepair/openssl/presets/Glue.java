package io.github.securepair.openssl.presets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.BuildEnabled;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;
import org.bytedeco.javacpp.tools.Logger;

/**
 * How JavaCPP is to bind the C glue, {@code native/include/sp.h}.
 *
 * <p>Handles and buffers cross as {@code long} addresses: a call then costs what the bare JNI transition costs, and no Pointer object is made. The signatures are
 * read from the header itself, so that a new function needs nothing here; the generated C++ is compiled against the same header.
 */
@Properties(
        value =
                @Platform(
                        value = "linux",
                        include = {"sp.h", "sp_address.h"},
                        link = {"crypto@.3", "ssl@.3"},
                        library = "jnisecurepair"),
        global = "io.github.securepair.openssl.Glue")
@NoException
public class Glue implements InfoMapper, BuildEnabled {
    static {
        Defaults.apply();
    }

    private static final Pattern FUNCTION =
            Pattern.compile("^(?:SP_API )?([a-z_0-9]+(?: \\*)?) ?\\*?(sp_\\w+)\\(([^)]*)\\);", Pattern.MULTILINE);
    private static final Pattern PARAMETER = Pattern.compile("^(.*?)(\\w+)(\\[\\d+\\])?$");

    private static List<String> headers = List.of();

    @Override
    public void init(Logger logger, java.util.Properties properties, String encoding) {
        String folder = properties.getProperty("securepair.headers");
        headers = folder == null ? List.of() : List.of(folder + "/sp.h");
    }

    @Override
    public void map(InfoMap infos) {
        infos.put(new Info("SP_H", "SP_ADDRESS_H").define(false).skip());
        // Structs are read by their fixed layout, without a class; skipping their names would drop every function too.
        infos.put(new Info("sp.h", "sp_psk.h")
                .linePatterns("typedef struct sp_\\w+ \\{", "\\} sp_\\w+;", "typedef struct sp_\\w+ sp_\\w+;")
                .skip());
        infos.put(new Info("SP_ERRORS_MAX", "SP_RECORDS_MAX").cppTypes("int").translate(false));
        infos.put(new Info("sp_address")
                .javaText("/** Address of a direct buffer's first byte, whatever its position. */\n"
                        + "public static native @Name(\"sp_address\") long address(Buffer buffer);\n"));
        for (String header : headers) {
            Matcher function = FUNCTION.matcher(withoutComments(header));
            while (function.find()) {
                String declaration = declaration(function.group(0), function.group(2), function.group(3));
                infos.put(new Info(function.group(2)).javaText(declaration));
            }
        }
    }

    private static String withoutComments(String header) {
        try {
            return Files.readString(Path.of(header)).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("[ \\t]*\\n[ \\t]+", " ");
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
        return "public static native " + javaType(result) + " " + name + "(" + String.join(", ", list) + ");\n";
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
