package io.github.securepair.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every piece of code in docs/guide is one that a test here compiles and runs. With the system
 * property {@code guide.refresh=true} the pages are written anew from the tests.
 */
class GuideSnippetsTest {
    private static final Path ROOT = Path.of(System.getProperty("securepair.root", "../.."));
    private static final Path SOURCES =
            ROOT.resolve("java/tls/src/test/java/io/github/securepair/guide");
    private static final Path GUIDE = ROOT.resolve("docs/guide");
    private static final Pattern REGION = Pattern.compile(
            "^ *// snippet: (\\S+)\n(.*?)^ *// end$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern FENCE = Pattern.compile(
            "^<!-- snippet: (\\S+) -->\n```java\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");

    private static List<Path> files(Path folder, String end) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(each -> each.toString().endsWith(end)).sorted().toList();
        }
    }

    /** Class#name to the text between the marks, without its common indentation. */
    private static Map<String, String> regions() throws IOException {
        Map<String, String> out = new LinkedHashMap<>();
        for (Path source : files(SOURCES, "GuideTest.java")) {
            String name = source.getFileName().toString().replace(".java", "");
            Matcher region = REGION.matcher(Files.readString(source));
            while (region.find()) {
                String before = out.put(name + "#" + region.group(1), dedent(region.group(2)));
                assertEquals(null, before, "two snippets " + name + "#" + region.group(1));
            }
        }
        return out;
    }

    private static String dedent(String text) {
        List<String> lines = text.lines().toList();
        int indent = lines.stream()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return lines.stream()
                .map(line -> line.isBlank() ? "" : line.substring(indent))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    void thePagesPrintWhatTheTestsRun() throws IOException {
        Map<String, String> regions = regions();
        boolean refresh = Boolean.getBoolean("guide.refresh");
        TreeSet<String> unused = new TreeSet<>(regions.keySet());
        List<String> stale = new ArrayList<>();
        for (Path page : files(GUIDE, ".md")) {
            String text = Files.readString(page);
            String fresh = FENCE.matcher(text).replaceAll(fence -> {
                String code = regions.get(fence.group(1));
                assertTrue(code != null, page + ": there is no snippet " + fence.group(1));
                unused.remove(fence.group(1));
                return Matcher.quoteReplacement(
                        "<!-- snippet: " + fence.group(1) + " -->\n```java\n" + code + "```");
            });
            if (!fresh.equals(text)) {
                stale.add(page.getFileName().toString());
                if (refresh) {
                    Files.writeString(page, fresh);
                }
            }
        }
        assertEquals("[]", unused.toString(), "snippets that no page prints");
        if (!refresh) {
            assertEquals(
                    "[]",
                    stale.toString(),
                    "pages that do not print what the tests run; refresh them: mvn -pl java/tls"
                            + " -am test -Dtest=GuideSnippetsTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false"
                            + " -Dtest.jvmargs=-Dguide.refresh=true");
        }
    }

    @Test
    void everyPieceOfCodeComesFromATest() throws IOException {
        Pattern any = Pattern.compile("^```java$", Pattern.MULTILINE);
        for (Path page : files(GUIDE, ".md")) {
            String text = Files.readString(page);
            assertEquals(
                    FENCE.matcher(text).results().count(),
                    any.matcher(text).results().count(),
                    page + " has code that no test runs");
        }
    }

    @Test
    void theIndexNamesEveryPageAndLinksLeadSomewhere() throws IOException {
        Path index = ROOT.resolve("docs/README.md");
        List<Path> pages = new ArrayList<>(files(GUIDE, ".md"));
        String indexText = Files.readString(index);
        for (Path page : pages) {
            assertTrue(
                    indexText.contains("(guide/" + page.getFileName() + ")"),
                    "docs/README.md does not name " + page.getFileName());
        }
        pages.add(index);
        for (Path page : pages) {
            for (MatchResult link :
                    LINK.matcher(Files.readString(page)).results().toList()) {
                Path target = page.resolveSibling(link.group(1)).normalize();
                assertTrue(Files.exists(target), page.getFileName() + " links to " + link.group(1));
            }
        }
    }
}
