package io.github.securepair.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was measured, by work and subject; and how it is shown. */
final class Scores {
    /** Subjects that ours is compared with, in the order of the columns. */
    static final List<String> OTHERS =
            List.of("c", "c-plain", "tcnative", "conscrypt", "jsse", "node");

    /**
     * One number: the median of its samples, and how far they lie apart.
     *
     * @param error half the distance between the smallest and the largest sample
     */
    record Score(String unit, double score, double error) {
        static Score of(String unit, List<Double> samples) {
            double[] sorted =
                    samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int half = sorted.length / 2;
            double median =
                    sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
            return new Score(unit, median, (sorted[sorted.length - 1] - sorted[0]) / 2);
        }

        double relativeError() {
            return score == 0 ? 0 : error / Math.abs(score);
        }
    }

    /** A line of the table. */
    private static final class Line {
        final String title;
        final String unit;
        final Map<String, List<Double>> samples = new LinkedHashMap<>();

        Line(String title, String unit) {
            this.title = title;
            this.unit = unit;
        }

        boolean isSpeed() {
            return unit.endsWith("/s");
        }
    }

    private final Map<String, Line> lines = new LinkedHashMap<>();

    void add(String work, String title, String unit, String subject, double sample) {
        lines.computeIfAbsent(work, ignored -> new Line(title, unit))
                .samples
                .computeIfAbsent(subject, ignored -> new ArrayList<>())
                .add(sample);
    }

    /** The same samples for another subject that is the same thing. */
    void copy(String from, String to) {
        for (Line line : lines.values()) {
            if (line.samples.containsKey(from)) {
                line.samples.put(to, line.samples.get(from));
            }
        }
    }

    private static Score score(Line line, String subject) {
        List<Double> samples = line.samples.get(subject);
        return samples == null ? null : Score.of(line.unit, samples);
    }

    /** An array of {@code {"work", "subject", "score", "error", "unit"}}. */
    String json() {
        List<String> objects = new ArrayList<>();
        lines.forEach((work, line) -> line.samples.forEach((subject, samples) -> {
            Score score = Score.of(line.unit, samples);
            objects.add(String.format(
                    Locale.ROOT,
                    "  {\"work\": \"%s\", \"subject\": \"%s\", \"score\": %s, \"error\": %s,"
                            + " \"unit\": \"%s\"}",
                    work,
                    subject,
                    number(score.score()),
                    number(score.error()),
                    score.unit()));
        }));
        return "[\n" + String.join(",\n", objects) + "\n]\n";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.4f" : "%.1f", value);
    }

    /**
     * Markdown: our speed, then ours divided by each other subject's. The spread of a ratio is the
     * sum of both relative spreads.
     */
    String ratios() {
        List<Line> speeds = lines.values().stream().filter(Line::isSpeed).toList();
        List<String> others = present(OTHERS, speeds);
        List<String> head = new ArrayList<>(List.of("speed", "ours"));
        others.forEach(name -> head.add("ours / " + name));
        List<List<String>> cells = new ArrayList<>(List.of(head));
        for (Line line : speeds) {
            Score ours = score(line, "ours");
            List<String> row = new ArrayList<>(List.of(line.title, readable(ours)));
            others.forEach(name -> row.add(ratio(ours, score(line, name))));
            cells.add(row);
        }
        return speeds.isEmpty() ? "" : aligned(cells);
    }

    /** Markdown: what every subject needs of memory, where less is better. */
    String bytes() {
        List<Line> sizes =
                lines.values().stream().filter(line -> !line.isSpeed()).toList();
        List<String> subjects = new ArrayList<>(List.of("ours"));
        subjects.addAll(OTHERS);
        subjects = present(subjects, sizes);
        List<String> head = new ArrayList<>(List.of("bytes"));
        head.addAll(subjects);
        List<List<String>> cells = new ArrayList<>(List.of(head));
        for (Line line : sizes) {
            List<String> row = new ArrayList<>(List.of(line.title));
            subjects.forEach(name -> row.add(readable(score(line, name))));
            cells.add(row);
        }
        return sizes.isEmpty() ? "" : "\n" + aligned(cells);
    }

    private static List<String> present(List<String> subjects, List<Line> lines) {
        return subjects.stream()
                .filter(name -> lines.stream().anyMatch(line -> line.samples.containsKey(name)))
                .toList();
    }

    private static String readable(Score score) {
        if (score == null) {
            return "-";
        }
        double value = score.score();
        String unit = score.unit().startsWith("B") ? "" : " " + score.unit();
        if (unit.equals(" 1/s")) {
            unit = "/s";
        }
        String format =
                value < 10 ? "%.1f%s" : value < 10000 || unit.isEmpty() ? "%,.0f%s" : "%,.1f k%s";
        return String.format(
                Locale.ROOT, format, format.contains("k") ? value / 1000 : value, unit);
    }

    private static String ratio(Score ours, Score other) {
        if (ours == null || other == null || other.score() == 0) {
            return "-";
        }
        double ratio = ours.score() / other.score();
        return String.format(
                Locale.ROOT,
                "%.2f ±%.2f",
                ratio,
                ratio * (ours.relativeError() + other.relativeError()));
    }

    private static String aligned(List<List<String>> cells) {
        int[] widths = new int[cells.get(0).size()];
        for (List<String> row : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : cells) {
            for (int i = 0; i < widths.length; i++) {
                String format = i == 0 ? "| %-" + widths[i] + "s " : "| %" + widths[i] + "s ";
                text.append(String.format(format, row.get(i)));
            }
            text.append("|\n");
            if (row == cells.get(0)) {
                for (int i = 0; i < widths.length; i++) {
                    text.append("|-").append("-".repeat(widths[i])).append(i == 0 ? "-" : ":");
                }
                text.append("|\n");
            }
        }
        return text.toString();
    }

    /** The speed ratios as a picture: a row for each work, a dot for each subject, logarithmic. */
    String svg() {
        return new RatioChart(lines.values().stream()
                        .filter(line -> line.isSpeed() && line.samples.containsKey("ours"))
                        .map(line -> new RatioChart.Line(line.title, ratiosOf(line)))
                        .toList())
                .svg();
    }

    private static Map<String, Double> ratiosOf(Line line) {
        Map<String, Double> ratios = new LinkedHashMap<>();
        double ours = score(line, "ours").score();
        for (String name : OTHERS) {
            Score other = score(line, name);
            if (other != null && other.score() > 0) {
                ratios.put(name, ours / other.score());
            }
        }
        return ratios;
    }
}
