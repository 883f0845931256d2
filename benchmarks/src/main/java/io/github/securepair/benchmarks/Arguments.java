package io.github.securepair.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@link Comparison} was asked for.
 *
 * @param isShort whether less than five minutes are wanted
 * @param limit the C program
 * @param load the client program of the servers over sockets
 * @param library the folder of the libssl that ours is built with
 * @param plainLibrary the folder of a plain build of the same libssl; null when there is none
 * @param pairs connections that are held for the measurement of memory
 * @param logs folder for what JMH says
 */
record Arguments(
        Pattern rows,
        List<String> subjects,
        int rounds,
        int warmups,
        int iterations,
        int millis,
        int pairs,
        boolean isShort,
        String limit,
        String load,
        String library,
        String plainLibrary,
        String json,
        String svg,
        Path logs) {
    private static final Set<String> KNOWN = Set.of(
            "rows",
            "subjects",
            "rounds",
            "limit",
            "load",
            "library",
            "plain-library",
            "json",
            "svg",
            "logs");

    static Arguments parse(String[] words) throws IOException {
        Map<String, String> given = new HashMap<>();
        boolean isShort = false;
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = word.substring(0, equals < 0 ? word.length() : equals);
            if (word.equals("short")) {
                isShort = true;
            } else if (equals > 0 && KNOWN.contains(name)) {
                given.put(name, word.substring(equals + 1));
            } else {
                throw new IllegalArgumentException("unknown argument " + word);
            }
        }
        List<String> subjects = new ArrayList<>();
        if (given.containsKey("subjects")) {
            subjects.addAll(List.of(given.get("subjects").split(",")));
        } else {
            subjects.addAll(List.of("ours", "c", "c-plain"));
            subjects.addAll(Subject.NAMES.subList(1, Subject.NAMES.size()));
            subjects.add("node");
        }
        return new Arguments(
                Pattern.compile(given.getOrDefault("rows", "")),
                subjects,
                Integer.parseInt(given.getOrDefault("rounds", isShort ? "1" : "3")),
                isShort ? 3 : 5,
                isShort ? 3 : 5,
                isShort ? 400 : 1000,
                isShort ? 500 : 5000,
                isShort,
                given.getOrDefault("limit", "benchmarks/target/limit"),
                given.getOrDefault("load", "benchmarks/target/load"),
                given.get("library"),
                given.get("plain-library"),
                given.get("json"),
                given.get("svg"),
                Files.createDirectories(
                        Path.of(given.getOrDefault("logs", "benchmarks/target/logs"))));
    }

    Path log(String name) {
        return logs.resolve(name + ".log");
    }
}
