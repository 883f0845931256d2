import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Asks the C compiler for the value of each listed macro and writes them as Java constants. */
final class ConstantsWriter {
    private ConstantsWriter() {}

    /**
     * Name to Java declaration without modifiers, for example {@code long SSL_OP_ALL =
     * 0x80000850L}.
     */
    static Map<String, String> evaluate(
            CHeaders.Compiler compiler, String includes, Collection<String> names, Path folder)
            throws IOException, InterruptedException {
        Path source = folder.resolve("constants.c");
        Path program = folder.resolve("constants");
        Files.writeString(source, program(includes, names));
        exec(List.of(
                compiler.command(),
                "-std=gnu11",
                "-w",
                "-O0",
                "-I" + compiler.include(),
                source.toString(),
                "-o",
                program.toString()));
        Map<String, String> values = new LinkedHashMap<>();
        for (String line : exec(List.of(program.toString())).split("\n")) {
            String[] words = line.split(" ", 3);
            values.put(words[0], words[1] + " " + words[0] + " = " + words[2]);
        }
        return values;
    }

    static void write(Path folder, String library, Map<String, String> values) throws IOException {
        String preset = Character.toUpperCase(library.charAt(0)) + library.substring(1);
        List<String> lines = new ArrayList<>(List.of(
                "package io.github.securepair.openssl;",
                "",
                "/** The constants of lib" + library
                        + "'s headers, as the C compiler evaluates them. */",
                "public abstract class " + preset
                        + "Constants extends io.github.securepair.openssl.presets." + preset + " {",
                "    static {",
                "        Natives.load(" + preset + ".class);",
                "    }",
                "",
                "    " + preset + "Constants() {",
                "    }",
                ""));
        values.values().forEach(value -> lines.add("    public static final " + value + ";"));
        lines.add("}");
        Files.createDirectories(folder);
        Files.write(folder.resolve(preset + "Constants.java"), lines);
    }

    /**
     * A program that prints one line for each constant: its name, its Java type, its Java literal.
     */
    static String program(String includes, Collection<String> names) {
        StringBuilder text =
                new StringBuilder("#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n");
        text.append(includes).append("""
            static void put_long(const char *name, long long value)
            {
                printf("%s long 0x%llxL\\n", name, value);
            }
            static void put_int(const char *name, long long value)
            {
                if (strncmp(name, "SSL_OP_", 7) == 0)
                    put_long(name, value);
                else
                    printf("%s int %d\\n", name, (int)value);
            }
            static void put_text(const char *name, const char *value)
            {
                printf("%s String \\"", name);
                for (; *value != 0; value++) {
                    if (*value == '"' || *value == '\\\\')
                        printf("\\\\%c", *value);
                    else if (*value < 32 || *value > 126)
                        printf("\\\\%03o", (unsigned char)*value);
                    else
                        putchar(*value);
                }
                puts("\\"");
            }
            #define PUT(NAME) _Generic((NAME), char *: put_text, const char *: put_text, \\
                int: put_int, unsigned int: put_int, char: put_int, unsigned char: put_int, \\
                long: put_long, unsigned long: put_long, long long: put_long, unsigned long long: put_long) \\
                (#NAME, (NAME))
            int main(void)
            {
            """);
        names.forEach(name -> text.append("PUT(").append(name).append(");\n"));
        return text.append("return 0;\n}\n").toString();
    }

    private static String exec(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
        return out;
    }
}
