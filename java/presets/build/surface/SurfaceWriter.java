import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Writes what JavaCPP reads: for each library a flat header of declarations whose types need no
 * more thought (for the parser), and one with the real includes and inline helpers (for the C++
 * compiler).
 */
final class SurfaceWriter {
    private static final Set<String> RESERVED = Set.of(
            "abstract",
            "boolean",
            "byte",
            "class",
            "default",
            "delete",
            "enum",
            "final",
            "finally",
            "function",
            "import",
            "in",
            "instanceof",
            "interface",
            "native",
            "new",
            "operator",
            "package",
            "private",
            "protected",
            "public",
            "super",
            "synchronized",
            "template",
            "this",
            "throw",
            "throws",
            "transient",
            "try",
            "typename",
            "virtual");

    private final CHeaders c;
    private final int[] version;
    private final SurfaceLists lists;
    private final Path out;
    /** C type to the name of its stand-in, and stand-in to Java. */
    private final Map<String, String> standIns = new LinkedHashMap<>();

    private final Map<String, String> standInJava = new LinkedHashMap<>();
    private final Set<String> declaredTypes = new HashSet<>();
    private final Set<String> declaredEnums = new HashSet<>();

    SurfaceWriter(CHeaders c, int[] version, SurfaceLists lists, Path out) {
        this.c = c;
        this.version = version;
        this.lists = lists;
        this.out = out;
    }

    private StringBuilder surface;
    private StringBuilder inlines;
    private StringBuilder early;
    private Set<String> types;
    private Set<String> enums;

    /** Writes one library's headers; returns the number of distinct functions bound. */
    int write(String library, Map<String, SurfaceLists.Entry> functions) throws IOException {
        surface = new StringBuilder();
        inlines = new StringBuilder();
        early = new StringBuilder();
        types = new TreeSet<>();
        enums = new TreeSet<>();
        int count = 0;
        for (Map.Entry<String, SurfaceLists.Entry> entry : functions.entrySet()) {
            function(c.functions.get(entry.getKey()), entry.getValue());
            count++;
        }
        Map<String, CType.Function> macros = macros(library);
        for (CType.Function macro : macros.values()) {
            if (macro.name().matches("(d2i|i2d)_\\w+_bio")) {
                evaluatedEarly(macro);
            }
            function(macro, new SurfaceLists.Entry(null, Set.of()));
            count++;
        }
        for (String stack : lists.stacks.get(library)) {
            count += stack(stack);
        }
        StringBuilder structs = new StringBuilder();
        for (String name : lists.structs.get(library)) {
            if (lists.optionalStructs.contains(name) && !c.structs.containsKey(c.tagOf(name))) {
                continue;
            }
            structs.append(struct(name));
            types.add(name);
        }
        StringBuilder head =
                new StringBuilder("/* Generated: what JavaCPP's parser reads. Never compiled. */\n"
                        + "#ifdef SECUREPAIR_SURFACE\n");
        types.removeAll(declaredTypes);
        enums.removeAll(declaredEnums);
        declaredTypes.addAll(types);
        declaredEnums.addAll(enums);
        for (String name : enums) {
            head.append("enum ")
                    .append(name)
                    .append(" { ")
                    .append(text(c.enums.get(name).tokens()))
                    .append(" };\n");
        }
        for (String type : types) {
            if (!lists.structs.get(library).contains(type)) {
                head.append("struct ").append(type).append(";\n");
            }
        }
        Files.writeString(
                out.resolve(library + "_surface.h"),
                head.append(structs).append(surface) + "#endif\n");
        StringBuilder natives = new StringBuilder(
                "/* Generated: what the bindings compile against. */\n#pragma once\n");
        natives.append("#pragma GCC diagnostic ignored \"-Wdeprecated-declarations\"\n");
        natives.append("#include <time.h>\n#include <sys/time.h>\n");
        natives.append(lists.includes(library));
        for (String type : types) {
            if (type.startsWith("STACK_OF_") || type.startsWith("LHASH_OF_")) {
                natives.append("typedef struct ")
                        .append(c.tagOf(type))
                        .append(' ')
                        .append(type)
                        .append(";\n");
            }
        }
        Files.writeString(
                out.resolve(library + "_native.h"),
                natives.append(early)
                        .append(inlines)
                        .append("#include \"")
                        .append(library)
                        .append("_inlines.h\"\n")
                        .toString());
        return count;
    }

    void writeStandIns() throws IOException {
        Files.write(
                out.resolve("stand-ins.txt"),
                standInJava.entrySet().stream()
                        .map(entry -> entry.getKey() + "\t" + entry.getValue())
                        .toList());
    }

    /**
     * Prototypes that we give to function-like macros: read with the same eyes as the real headers.
     */
    Map<String, CType.Function> macros(String library) throws IOException {
        return macros(library, lists.macros(library));
    }

    private Map<String, CType.Function> macros(String library, String text) {
        Map<String, CType.Function> found = new TreeMap<>();
        for (String part : ("3.0\n" + text.replaceAll("(?s)/\\*.*?\\*/", "")).split("\n#since ")) {
            String since = part.substring(0, part.indexOf('\n')).trim();
            if (!new SurfaceLists.Entry(since, Set.of()).isIn(version)) {
                continue;
            }
            for (CType.Function function : c.prototypes(part.substring(part.indexOf('\n')))) {
                if (!c.macros.containsKey(function.name())
                        && !c.functions.containsKey(function.name())) {
                    throw new IllegalStateException(
                            library + "-macros.h: no header has " + function.name());
                }
                if (function.problem() != null) {
                    throw new IllegalStateException(
                            library + "-macros.h: " + function.name() + ": " + function.problem());
                }
                found.put(function.name(), function);
            }
        }
        return found;
    }

    /**
     * These macros take the address of a d2i or i2d function, which our overloads of it make
     * ambiguous.
     */
    private void evaluatedEarly(CType.Function macro) {
        CType.Function renamed = new CType.Function(
                "securepair_" + macro.name(),
                macro.header(),
                macro.result(),
                macro.parameters(),
                false,
                false,
                false,
                true);
        List<String> arguments =
                macro.parameters().stream().map(p -> safe(p.name())).toList();
        StringBuilder later = inlines;
        inlines = early;
        inline(macro, renamed.name(), macro.parameters(), arguments);
        inlines.append("#undef ").append(macro.name()).append('\n');
        inline(renamed, macro.name(), macro.parameters(), arguments);
        inlines = later;
    }

    private void function(CType.Function f, SurfaceLists.Entry entry) {
        if (entry.has("nocallback")) {
            withoutCallbacks(f, entry);
            return;
        }
        emit(f, f.parameters(), entry, false);
        if (entry.has("buffer")) {
            emit(f, f.parameters(), entry, true);
        }
        if (f.name().startsWith("d2i_") || f.name().startsWith("o2i_")) {
            decoder(f, entry);
        } else if (f.name().startsWith("i2d_") || f.name().startsWith("i2o_")) {
            encoder(f, entry);
        }
    }

    /** A C++ overload without the function pointers: NULL goes in their place. */
    private void withoutCallbacks(CType.Function f, SurfaceLists.Entry entry) {
        List<CType.Parameter> kept = new ArrayList<>();
        List<String> arguments = new ArrayList<>();
        boolean passphraseNext = false;
        for (CType.Parameter parameter : f.parameters()) {
            String name = safe(parameter.name());
            if (parameter.type().isFunction()) {
                arguments.add("NULL");
                passphraseNext = parameter.type().base().equals("pem_password_cb");
            } else if (passphraseNext && parameter.type().spelled().equals("void*")) {
                /* OpenSSL takes it for the passphrase; without one it would ask at the terminal. */
                kept.add(new CType.Parameter(
                        new CType("char", 1, true, CType.Kind.PRIMITIVE, null), "passphrase"));
                arguments.add("(void *)(passphrase ? passphrase : \"\")");
                passphraseNext = false;
            } else {
                kept.add(new CType.Parameter(parameter.type(), name));
                arguments.add(name);
            }
        }
        inline(f, kept, arguments);
        emit(f, kept, entry, false);
    }

    /** {@code d2i_X(a, bytes, length)} beside {@code d2i_X(a, &bytes, length)}. */
    private void decoder(CType.Function f, SurfaceLists.Entry entry) {
        List<CType.Parameter> kept = new ArrayList<>();
        List<String> arguments = new ArrayList<>();
        boolean found = false;
        for (CType.Parameter parameter : f.parameters()) {
            if (!found && parameter.type().spelled().equals("const unsigned char**")) {
                found = true;
                kept.add(new CType.Parameter(parameter.type().withPointers(-1), "bytes"));
                arguments.add("&bytes");
            } else {
                kept.add(parameter);
                arguments.add(safe(parameter.name()));
            }
        }
        if (found) {
            inline(f, kept, arguments);
            emit(f, kept, entry, false);
        }
    }

    /**
     * {@code i2d_X(a)}, the length, and {@code i2d_X(a, bytes)}, which leaves the pointer alone.
     */
    private void encoder(CType.Function f, SurfaceLists.Entry entry) {
        int last = f.parameters().size() - 1;
        if (last < 1 || !f.parameters().get(last).type().spelled().equals("unsigned char**")) {
            return;
        }
        List<CType.Parameter> kept = new ArrayList<>(f.parameters().subList(0, last));
        List<String> arguments =
                new ArrayList<>(kept.stream().map(p -> safe(p.name())).toList());
        arguments.add("(unsigned char **)NULL");
        inline(f, kept, arguments);
        emit(f, kept, entry, false);
        arguments.set(last, "&bytes");
        kept.add(new CType.Parameter(f.parameters().get(last).type().withPointers(-1), "bytes"));
        inline(f, kept, arguments);
        emit(f, kept, entry, false);
    }

    private void inline(
            CType.Function f, List<CType.Parameter> parameters, List<String> arguments) {
        inline(f, f.name(), parameters, arguments);
    }

    private void inline(
            CType.Function f,
            String name,
            List<CType.Parameter> parameters,
            List<String> arguments) {
        inlines.append("static inline ")
                .append(f.result().spelled())
                .append(' ')
                .append(name)
                .append('(')
                .append(parameters.stream()
                        .map(p -> p.type().spelled() + " " + safe(p.name()))
                        .collect(Collectors.joining(", ")))
                .append(") { ")
                .append(f.result().spelled().equals("void") ? "" : "return ")
                .append(f.name())
                .append('(')
                .append(String.join(", ", arguments))
                .append("); }\n");
    }

    private void emit(
            CType.Function f,
            List<CType.Parameter> parameters,
            SurfaceLists.Entry entry,
            boolean bytes) {
        surface.append(f.deprecated() ? "SECUREPAIR_DEPRECATED " : "")
                .append(spelled(f.result(), false))
                .append(' ')
                .append(f.name())
                .append('(');
        String separator = "";
        for (CType.Parameter parameter : parameters) {
            CType type = parameter.type();
            if (bytes && type.base().equals("void") && type.pointers() == 1) {
                type = new CType("unsigned char", 1, type.isConst(), CType.Kind.PRIMITIVE, null);
            }
            surface.append(separator)
                    .append(spelled(type, entry.has("retained")))
                    .append(' ')
                    .append(safe(parameter.name()));
            separator = ", ";
        }
        surface.append(");\n");
    }

    private static String safe(String name) {
        return RESERVED.contains(name) ? name + "_" : name;
    }

    /** The type as the parser is to see it. Remembers structs and enums that need a declaration. */
    private String spelled(CType type, boolean retained) {
        if (type.kind() == CType.Kind.STRUCT) {
            types.add(type.base());
        } else if (type.kind() == CType.Kind.ENUM) {
            enums.add(type.base());
        }
        if (type.pointers() >= 2) {
            return standIn(type, "PointerPointer");
        }
        if (type.kind() == CType.Kind.PLATFORM) {
            boolean number = type.base().equals("time_t");
            return standIn(
                    type, type.pointers() == 0 ? "long" : number ? "LongPointer" : "Pointer");
        }
        if (type.kind() == CType.Kind.ENUM && type.pointers() == 1) {
            return standIn(type, "IntPointer");
        }
        if (retained && type.pointers() == 1 && type.base().endsWith("char")) {
            return standIn(type, "BytePointer");
        }
        return type.spelled();
    }

    private String standIn(CType type, String java) {
        return standIns.computeIfAbsent(type.spelled() + " " + java, key -> {
            String name = "securepair_type_" + standIns.size();
            standInJava.put(name, "@Cast(\"" + type.spelled() + "\") " + java);
            return name;
        });
    }

    private int stack(String line) {
        String element = line.split(" ")[0];
        String sk = "STACK_OF(" + element + ") *";
        String p = "sk_" + element + "_";
        String e = (line.contains("const") ? "const " : "") + element + " *";
        String text = "int " + p + "num(const " + sk + "sk);" + e + p + "value(const " + sk
                + "sk, int index);" + sk + p
                + "new_null(void);" + "int " + p + "reserve(" + sk + "sk, int n);" + "void " + p
                + "free(" + sk + "sk);"
                + "void " + p + "zero(" + sk + "sk);" + e + p + "delete(" + sk + "sk, int index);"
                + e + p
                + "delete_ptr(" + sk + "sk, " + e + "element);" + "int " + p + "push(" + sk + "sk, "
                + e + "element);"
                + "int " + p + "unshift(" + sk + "sk, " + e + "element);" + e + p + "pop(" + sk
                + "sk);" + e + p
                + "shift(" + sk + "sk);" + "int " + p + "insert(" + sk + "sk, " + e
                + "element, int index);" + e + p
                + "set(" + sk + "sk, int index, " + e + "element);" + "int " + p + "find(" + sk
                + "sk, " + e
                + "element);" + "void " + p + "sort(" + sk + "sk);" + "int " + p
                + "is_sorted(const " + sk + "sk);"
                + sk + p + "dup(const " + sk + "sk);";
        Map<String, CType.Function> found = macros("stack", text);
        found.values().forEach(f -> function(f, new SurfaceLists.Entry(null, Set.of())));
        if (line.endsWith("nofree")) {
            return found.size();
        }
        String stack = "STACK_OF_" + element;
        inlines.append("static inline void securepair_")
                .append(p)
                .append("pop_free(")
                .append(stack)
                .append(" *sk) { ")
                .append(p)
                .append("pop_free(sk, ")
                .append(element)
                .append("_free); }\n#undef ")
                .append(p)
                .append("pop_free\nstatic inline void ")
                .append(p)
                .append("pop_free(")
                .append(stack)
                .append(" *sk) { securepair_")
                .append(p)
                .append("pop_free(sk); }\n");
        surface.append("void ").append(p).append("pop_free(").append(stack).append(" *sk);\n");
        return found.size() + 1;
    }

    private String struct(String name) {
        CType.Body body = c.structs.get(c.tagOf(name));
        if (body == null) {
            throw new IllegalStateException("structs.txt: no complete struct " + name);
        }
        return "struct " + name + " {\n" + fields(body.tokens()) + "};\n";
    }

    private String fields(List<CToken> tokens) {
        StringBuilder text = new StringBuilder();
        List<CToken> field = new ArrayList<>();
        int depth = 0;
        for (CToken token : tokens) {
            depth += token.is("{") ? 1 : token.is("}") ? -1 : 0;
            if (token.is(";") && depth == 0) {
                text.append(field(field));
                field = new ArrayList<>();
            } else {
                field.add(token);
            }
        }
        return text.toString();
    }

    private String field(List<CToken> tokens) {
        int brace = CHeaders.indexOf(tokens, "{");
        if (brace >= 0) {
            int end = CHeaders.closing(tokens, brace);
            return tokens.get(0).text() + " {\n" + fields(tokens.subList(brace + 1, end)) + "} "
                    + text(tokens.subList(end + 1, tokens.size())) + ";\n";
        }
        if (CHeaders.indexOf(tokens, "(") >= 0 || CHeaders.indexOf(tokens, ":") >= 0) {
            return "";
        }
        int bounds = CHeaders.indexOf(tokens, "[");
        CHeaders.Typed typed = c.type(bounds < 0 ? tokens : tokens.subList(0, bounds));
        if (typed.type().isFunction()
                || typed.type().problem() != null
                || RESERVED.contains(typed.name())) {
            return "";
        }
        return spelled(typed.type(), false) + " " + safe(typed.name())
                + (bounds < 0 ? "" : text(tokens.subList(bounds, tokens.size()))) + ";\n";
    }

    private static String text(List<CToken> tokens) {
        return tokens.stream().map(CToken::text).collect(Collectors.joining(" "));
    }
}
