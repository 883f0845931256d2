package io.github.securepair.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ScoresTest {
    private final Scores scores = new Scores();

    @Test
    void aScoreIsTheMedianAndItsErrorHalfTheDistanceOfTheExtremes() {
        for (double sample : new double[] {90, 130, 100}) {
            scores.add("w", "some work", "1/s", "ours", sample);
        }
        String expected = "[\n  {\"work\": \"w\", \"subject\": \"ours\", \"score\": 100.0,"
                + " \"error\": 20.0, \"unit\": \"1/s\"}\n]\n";
        assertEquals(expected, scores.json());
    }

    @Test
    void aRatioIsOursDividedByTheOther() {
        scores.add("w", "some work", "1/s", "ours", 300);
        scores.add("w", "some work", "1/s", "jsse", 100);
        scores.add("v", "other work", "1/s", "ours", 1);
        String[] lines = scores.ratios().split("\n");
        assertEquals("| speed      |  ours | ours / jsse |", lines[0]);
        assertEquals("| some work  | 300/s |  3.00 ±0.00 |", lines[2]);
        assertEquals("| other work | 1.0/s |           - |", lines[3]);
    }

    @Test
    void bytesAreNoSpeed() {
        scores.add("m", "memory", "B", "ours", 300);
        assertEquals("", scores.ratios());
        assertTrue(scores.bytes().contains("| memory |  300 |"), scores::bytes);
    }

    @Test
    void thePictureHasADotForEachRatio() {
        scores.add("w", "some work", "1/s", "ours", 300);
        scores.add("w", "some work", "1/s", "jsse", 100);
        assertTrue(scores.svg().contains("<title>jsse: 3.00</title>"), scores::svg);
    }
}
