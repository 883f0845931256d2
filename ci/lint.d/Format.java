import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Formats Java sources, Javadoc included, which the formatter's own command cannot. {@code Format
 * check|replace FILE...} prints the files that are not formatted, or that it changed; a check that
 * finds one ends with status 1.
 */
class Format {
    private static final JavaFormatterOptions OPTIONS = JavaFormatterOptions.builder()
            .style(JavaFormatterOptions.Style.AOSP)
            .formatJavadoc(true)
            .build();

    public static void main(String[] args) {
        boolean replace = args[0].equals("replace");
        List<String> files = Arrays.asList(args).subList(1, args.length);
        long bad = files.parallelStream()
                .filter(file -> differs(Path.of(file), replace))
                .count();
        System.exit(replace || bad == 0 ? 0 : 1);
    }

    private static boolean differs(Path file, boolean replace) {
        try {
            String source = Files.readString(file);
            String formatted = Formatter.createFormatter(OPTIONS).formatSourceAndFixImports(source);
            if (formatted.equals(source)) {
                return false;
            }
            if (replace) {
                Files.writeString(file, formatted);
            }
            System.out.println(file);
        } catch (FormatterException e) {
            System.out.println(file + ": " + e.getMessage());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return true;
    }
}
