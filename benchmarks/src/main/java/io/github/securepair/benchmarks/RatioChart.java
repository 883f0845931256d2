package io.github.securepair.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Ratios on a logarithmic axis, as SVG. */
final class RatioChart {
    /** A row: its label, and a ratio for each subject. */
    record Line(String title, Map<String, Double> ratios) {}

    private static final int LEFT = 290;
    private static final int WIDTH = 900;
    private static final int ROW = 26;
    private static final int TOP = 56;
    private static final double MIN = 0.5;
    private static final double MAX = 32;
    private static final double[] TICKS = {0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20};
    private static final Map<String, String> COLOURS = Map.of(
            "c", "#222222",
            "c-plain", "#999999",
            "tcnative", "#d95f02",
            "conscrypt", "#7570b3",
            "jsse", "#1b9e77",
            "node", "#66a61e");

    private final List<Line> lines;
    private final StringBuilder out = new StringBuilder();

    RatioChart(List<Line> lines) {
        this.lines = lines;
    }

    String svg() {
        int height = TOP + lines.size() * ROW + 30;
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"sans-serif\" font-size=\"12\">",
                WIDTH, height);
        add("<rect width=\"%d\" height=\"%d\" fill=\"white\"/>", WIDTH, height);
        add("<text x=\"8\" y=\"20\" font-weight=\"bold\">Ours divided by each: right of 1 is"
                + " faster</text>");
        legend();
        for (double tick : TICKS) {
            add(
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>",
                    x(tick), TOP - 6, x(tick), height - 24, tick == 1 ? "black" : "#dddddd");
            add(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                    x(tick), height - 8, tick == Math.rint(tick) ? "" + (int) tick : "" + tick);
        }
        for (int i = 0; i < lines.size(); i++) {
            row(lines.get(i), TOP + i * ROW + ROW / 2);
        }
        add("</svg>");
        return out.toString();
    }

    private void legend() {
        int x = LEFT;
        for (String name : Scores.OTHERS) {
            if (lines.stream().anyMatch(line -> line.ratios().containsKey(name))) {
                add("<circle cx=\"%d\" cy=\"38\" r=\"5\" fill=\"%s\"/>", x, COLOURS.get(name));
                add("<text x=\"%d\" y=\"42\">%s</text>", x + 9, name);
                x += 30 + 8 * name.length();
            }
        }
    }

    private void row(Line line, int y) {
        add("<text x=\"8\" y=\"%d\">%s</text>", y + 4, line.title());
        line.ratios()
                .forEach((name, ratio) -> add(
                        "<circle cx=\"%.1f\" cy=\"%d\" r=\"5\" fill=\"%s\" fill-opacity=\"0.8\">"
                                + "<title>%s: %.2f</title></circle>",
                        x(ratio), y, COLOURS.get(name), name, ratio));
    }

    private static double x(double ratio) {
        double bounded = Math.max(MIN, Math.min(MAX, ratio));
        return LEFT + (WIDTH - LEFT - 20) * Math.log(bounded / MIN) / Math.log(MAX / MIN);
    }

    private void add(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
