import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the real headers declare: the C preprocessor's output, read at the level of declarations.
 * Nothing here knows OpenSSL but for the names of its typedefs that need a choice.
 */
final class CHeaders {
    private static final Set<String> PRIMITIVE_WORDS = Set.of(
            "void",
            "char",
            "short",
            "int",
            "long",
            "float",
            "double",
            "signed",
            "unsigned",
            "_Bool");
    /**
     * Typedefs that JavaCPP knows by name: following them would lose their size on other platforms.
     */
    private static final Map<String, String> KEPT = Map.ofEntries(
            Map.entry("size_t", "size_t"),
            Map.entry("ssize_t", "ssize_t"),
            Map.entry("ossl_ssize_t", "ssize_t"),
            Map.entry("int8_t", "int8_t"),
            Map.entry("int16_t", "int16_t"),
            Map.entry("int32_t", "int32_t"),
            Map.entry("int64_t", "int64_t"),
            Map.entry("uint8_t", "uint8_t"),
            Map.entry("uint16_t", "uint16_t"),
            Map.entry("uint32_t", "uint32_t"),
            Map.entry("uint64_t", "uint64_t"),
            Map.entry("ossl_intmax_t", "int64_t"),
            Map.entry("ossl_uintmax_t", "uint64_t"));
    /** Platform types that cross as an address or a number. */
    private static final Set<String> PLATFORM = Set.of("time_t", "tm", "timeval");

    private static final Map<String, String> UNBINDABLE = Map.of(
            "FILE",
            "stdio",
            "_IO_FILE",
            "stdio",
            "va_list",
            "varargs",
            "__builtin_va_list",
            "varargs",
            "__gnuc_va_list",
            "varargs");
    private static final Map<String, String> CANONICAL = Map.of(
            "asn1_string_st",
            "ASN1_STRING",
            "ASN1_VALUE_st",
            "ASN1_VALUE",
            "stack_st",
            "OPENSSL_STACK");

    final Map<String, CType.Function> functions = new TreeMap<>();
    /** Struct tag to its body, for complete structs. */
    final Map<String, CType.Body> structs = new HashMap<>();
    /** Canonical enum name to its body. */
    final Map<String, CType.Body> enums = new LinkedHashMap<>();
    /** Object-like and function-like macros: name to replacement. */
    final Map<String, String> macros = new TreeMap<>();

    final Set<String> functionMacros = new HashSet<>();
    /** Where each macro was defined last. */
    final Map<String, String> macroHeaders = new HashMap<>();

    private final Map<String, List<CToken>> typedefs = new HashMap<>();
    private final Map<String, String> canonicalOfTag = new HashMap<>();

    static CHeaders read(Compiler compiler, String source)
            throws IOException, InterruptedException {
        CHeaders headers = new CHeaders();
        headers.declarations(tokens(compiler.preprocess(source)));
        return headers;
    }

    /** Reads prototypes that no preprocessor has seen, with the types known from the headers. */
    List<CType.Function> prototypes(String text) {
        CHeaders reader = new CHeaders();
        reader.typedefs.putAll(typedefs);
        reader.canonicalOfTag.putAll(canonicalOfTag);
        reader.declarations(tokens(text.replaceAll("STACK_OF\\((\\w+)\\)", "struct stack_st_$1")));
        return List.copyOf(reader.functions.values());
    }

    /** The compiler that will later compile the bindings, asked for its preprocessor. */
    record Compiler(String command, Path include) {

        String preprocess(String source) throws IOException, InterruptedException {
            List<String> command =
                    List.of(command(), "-xc", "-std=gnu11", "-I" + include, "-E", "-dD", "-");
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (OutputStream in = process.getOutputStream()) {
                in.write(source.getBytes(StandardCharsets.UTF_8));
            }
            String out =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + " failed");
            }
            return out;
        }
    }

    private static List<CToken> tokens(String text) {
        List<CToken> tokens = new ArrayList<>();
        String header = "";
        for (String line : text.split("\n")) {
            if (line.startsWith("# ")) {
                int quote = line.indexOf('"');
                String path = line.substring(quote + 1, line.indexOf('"', quote + 1));
                int openssl = path.lastIndexOf("/openssl/");
                header = openssl < 0 ? "" : path.substring(openssl + 1);
            } else if (line.startsWith("#")) {
                tokens.add(new CToken(line, header));
            } else {
                scan(line, header, tokens);
            }
        }
        return tokens;
    }

    private static void scan(String line, String header, List<CToken> tokens) {
        int i = 0;
        while (i < line.length()) {
            char c = line.charAt(i);
            int start = i;
            if (Character.isWhitespace(c)) {
                i++;
                continue;
            }
            if (Character.isLetterOrDigit(c) || c == '_') {
                while (i < line.length()
                        && (Character.isLetterOrDigit(line.charAt(i)) || line.charAt(i) == '_')) {
                    i++;
                }
            } else if (c == '"' || c == '\'') {
                i++;
                while (line.charAt(i) != c) {
                    i += line.charAt(i) == '\\' ? 2 : 1;
                }
                i++;
            } else if (line.startsWith("...", i)) {
                i += 3;
            } else {
                i++;
            }
            tokens.add(new CToken(line.substring(start, i), header));
        }
    }

    private void declarations(List<CToken> tokens) {
        List<CToken> statement = new ArrayList<>();
        int braces = 0;
        int parens = 0;
        boolean functionBody = false;
        for (CToken token : tokens) {
            if (token.text().startsWith("#")) {
                macro(token);
                continue;
            }
            if (token.is("{") && braces++ == 0) {
                functionBody = parens == 0 && !statement.isEmpty() && endsParameters(statement);
            }
            if (token.is("(")) {
                parens++;
            } else if (token.is(")")) {
                parens--;
            } else if (token.is("}")) {
                braces--;
            }
            statement.add(token);
            if (braces == 0 && (token.is(";") || token.is("}") && functionBody)) {
                declaration(statement);
                statement = new ArrayList<>();
                functionBody = false;
            }
        }
    }

    private static boolean endsParameters(List<CToken> statement) {
        return statement.get(statement.size() - 1).is(")") && !statement.get(0).is("typedef");
    }

    private void macro(CToken token) {
        String[] words = token.text().split("\\s+", 3);
        if (words[0].equals("#define") && !token.header().isEmpty()) {
            String name = words[1];
            String rest = words.length > 2 ? words[2] : "";
            int paren = name.indexOf('(');
            if (paren >= 0) {
                name = name.substring(0, paren);
                functionMacros.add(name);
            } else {
                functionMacros.remove(name);
            }
            macros.put(name, rest);
            macroHeaders.put(name, token.header());
        } else if (words[0].equals("#undef")) {
            macros.remove(words[1]);
        }
    }

    private void declaration(List<CToken> raw) {
        boolean deprecated = raw.stream().anyMatch(token -> token.is("deprecated"));
        List<CToken> statement = withoutAttributes(raw);
        if (statement.size() < 2) {
            return;
        }
        if (statement.get(0).is("typedef")) {
            typedef(statement.subList(1, statement.size() - 1));
            return;
        }
        int open = indexOf(statement, "(");
        int brace = indexOf(statement, "{");
        if (open < 0 || brace >= 0 && brace < open) {
            if (brace >= 0) {
                body(statement);
            }
            return;
        }
        function(statement, open, deprecated);
    }

    /**
     * Remembers the body of {@code struct tag { ... }} or {@code enum tag { ... }}; returns the
     * tag.
     */
    private String body(List<CToken> statement) {
        int brace = indexOf(statement, "{");
        String kind = statement.get(0).text();
        String tag = statement.get(brace - 1).isWord() && brace > 1
                ? statement.get(brace - 1).text()
                : null;
        CToken last = statement.get(statement.size() - 1);
        if (tag == null) {
            tag = last.isWord() ? last.text() : "";
        }
        CType.Body body = new CType.Body(
                statement.get(0).header(), statement.subList(brace + 1, closing(statement, brace)));
        if (kind.equals("enum")) {
            enums.put(tag, body);
        } else if (kind.equals("struct") || kind.equals("union")) {
            structs.put(tag, body);
        }
        return tag;
    }

    private void typedef(List<CToken> tokens) {
        int brace = indexOf(tokens, "{");
        if (brace >= 0) {
            String kind = tokens.get(0).text();
            String name = tokens.get(tokens.size() - 1).text();
            String tag = body(tokens);
            if (kind.equals("enum") && !tag.equals(name)) {
                enums.put(name, enums.remove(tag));
                tag = name;
            }
            typedefs.put(name, List.of(new CToken(kind, ""), new CToken(tag, "")));
            canonicalOfTag.putIfAbsent(tag, name);
            return;
        }
        int open = indexOf(tokens, "(");
        if (open >= 0) {
            boolean pointer = tokens.get(open + 1).is("*");
            boolean wrapped = tokens.get(open + 2).is(")") && open + 3 < tokens.size();
            String name = tokens.get(pointer ? open + 2 : wrapped ? open + 1 : open - 1)
                    .text();
            typedefs.put(name, List.of(new CToken("function", "")));
            return;
        }
        int end = indexOf(tokens, "[") >= 0 ? indexOf(tokens, "[") : tokens.size();
        String name = tokens.get(end - 1).text();
        List<CToken> target = tokens.subList(0, end - 1);
        typedefs.put(name, target);
        if (target.get(0).is("struct") || target.get(0).is("union")) {
            canonicalOfTag.putIfAbsent(target.get(1).text(), name);
        }
    }

    private void function(List<CToken> statement, int open, boolean deprecated) {
        String header = statement.get(0).header();
        boolean inlined = statement.stream().limit(open).anyMatch(token -> token.is("inline"));
        if (statement.get(open + 1).is("*")) {
            int name = open + 2;
            if (statement.get(name).isWord() && statement.get(name + 1).is("(")) {
                functions.put(
                        statement.get(name).text(),
                        new CType.Function(
                                statement.get(name).text(),
                                header,
                                null,
                                List.of(),
                                false,
                                true,
                                deprecated,
                                inlined));
            }
            return;
        }
        String name = statement.get(open - 1).text();
        CType result = type(statement.subList(0, open - 1)).type();
        List<CType.Parameter> parameters = new ArrayList<>();
        boolean varargs = false;
        for (List<CToken> one : split(statement.subList(open + 1, closing(statement, open)))) {
            if (one.size() == 1 && one.get(0).is("...")) {
                varargs = true;
            } else if (!(one.size() == 1 && one.get(0).is("void"))) {
                parameters.add(parameter(one, parameters.size()));
            }
        }
        functions.put(
                name,
                new CType.Function(
                        name, header, result, parameters, varargs, false, deprecated, inlined));
    }

    private CType.Parameter parameter(List<CToken> tokens, int index) {
        if (indexOf(tokens, "(") >= 0) {
            return new CType.Parameter(
                    new CType("function", 0, false, CType.Kind.FUNCTION, null), "arg" + index);
        }
        Typed typed = type(tokens);
        return new CType.Parameter(
                typed.type(), typed.name() == null ? "arg" + index : typed.name());
    }

    /** A type and the name that stood behind it, if one did. */
    record Typed(CType type, String name) {}

    /** Reads a declaration specifier with pointers, an optional name and optional array bounds. */
    Typed type(List<CToken> tokens) {
        boolean isConst = false;
        int pointers = 0;
        String name = null;
        StringBuilder primitive = new StringBuilder();
        CType base = null;
        for (int i = 0; i < tokens.size(); i++) {
            String text = tokens.get(i).text();
            switch (text) {
                case "extern",
                        "static",
                        "inline",
                        "__inline",
                        "volatile",
                        "register",
                        "restrict",
                        "__restrict",
                        "__extension__" -> {}
                case "const" -> isConst |= pointers == 0;
                case "*" -> pointers++;
                case "[" -> {
                    pointers++;
                    i = closing(tokens, i);
                }
                case "struct", "union" -> base = tagged(tokens.get(++i).text());
                case "enum" ->
                    base = new CType(tokens.get(++i).text(), 0, false, CType.Kind.ENUM, null);
                default -> {
                    if (PRIMITIVE_WORDS.contains(text) && base == null) {
                        primitive.append(primitive.isEmpty() ? "" : " ").append(text);
                    } else if (base == null && primitive.isEmpty()) {
                        base = named(text);
                    } else {
                        name = text;
                    }
                }
            }
        }
        if (base == null) {
            base = primitive.isEmpty() ? CType.problem("type") : primitive(primitive.toString());
        }
        return new Typed(base.withPointers(pointers).withConst(isConst), name);
    }

    private static CType primitive(String words) {
        String plain = switch (words) {
            case "unsigned" -> "unsigned int";
            case "long int" -> "long";
            case "unsigned long int" -> "unsigned long";
            case "long long int" -> "long long";
            case "signed char" -> "signed char";
            case "short int" -> "short";
            default -> words;
        };
        return new CType(plain, 0, false, CType.Kind.PRIMITIVE, null);
    }

    private CType tagged(String tag) {
        if (PLATFORM.contains(tag)) {
            return new CType(tag, 0, false, CType.Kind.PLATFORM, null);
        }
        if (UNBINDABLE.containsKey(tag)) {
            return CType.problem(UNBINDABLE.get(tag));
        }
        return new CType(canonical(tag), 0, false, CType.Kind.STRUCT, null);
    }

    private CType named(String name) {
        if (KEPT.containsKey(name)) {
            return new CType(KEPT.get(name), 0, false, CType.Kind.PRIMITIVE, null);
        }
        if (PLATFORM.contains(name)) {
            return new CType(name, 0, false, CType.Kind.PLATFORM, null);
        }
        if (UNBINDABLE.containsKey(name)) {
            return CType.problem(UNBINDABLE.get(name));
        }
        List<CToken> target = typedefs.get(name);
        if (target == null) {
            return CType.problem("type:" + name);
        }
        if (target.get(0).is("function")) {
            return new CType(name, 0, false, CType.Kind.FUNCTION, null);
        }
        return type(target).type();
    }

    /**
     * The name that C code uses for a struct: its first typedef; STACK_OF_x for OpenSSL's typed
     * stacks.
     */
    String canonical(String tag) {
        if (tag.startsWith("stack_st_")) {
            return "STACK_OF_" + tag.substring("stack_st_".length());
        }
        if (tag.startsWith("lhash_st_")) {
            return "LHASH_OF_" + tag.substring("lhash_st_".length());
        }
        return CANONICAL.getOrDefault(tag, canonicalOfTag.getOrDefault(tag, tag));
    }

    /** The tag behind a canonical struct name. */
    String tagOf(String canonical) {
        for (String prefix : List.of("STACK_OF_", "LHASH_OF_")) {
            if (canonical.startsWith(prefix)) {
                return prefix.substring(0, 5).toLowerCase() + "_st_"
                        + canonical.substring(prefix.length());
            }
        }
        for (Map.Entry<String, String> entry : CANONICAL.entrySet()) {
            if (entry.getValue().equals(canonical)) {
                return entry.getKey();
            }
        }
        for (Map.Entry<String, String> entry : canonicalOfTag.entrySet()) {
            if (entry.getValue().equals(canonical)) {
                return entry.getKey();
            }
        }
        return canonical;
    }

    static List<List<CToken>> split(List<CToken> tokens) {
        List<List<CToken>> parts = new ArrayList<>();
        List<CToken> part = new ArrayList<>();
        int depth = 0;
        for (CToken token : tokens) {
            if (token.is("(") || token.is("[")) {
                depth++;
            } else if (token.is(")") || token.is("]")) {
                depth--;
            }
            if (token.is(",") && depth == 0) {
                parts.add(part);
                part = new ArrayList<>();
            } else {
                part.add(token);
            }
        }
        if (!part.isEmpty()) {
            parts.add(part);
        }
        return parts;
    }

    static int indexOf(List<CToken> tokens, String text) {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).is(text)) {
                return i;
            }
        }
        return -1;
    }

    /** The index of the bracket that closes the one at {@code open}. */
    static int closing(List<CToken> tokens, int open) {
        int depth = 0;
        for (int i = open; i < tokens.size(); i++) {
            String text = tokens.get(i).text();
            if (text.equals("(") || text.equals("[") || text.equals("{")) {
                depth++;
            } else if ((text.equals(")") || text.equals("]") || text.equals("}")) && --depth == 0) {
                return i;
            }
        }
        throw new IllegalStateException("unbalanced: " + tokens);
    }

    private static List<CToken> withoutAttributes(List<CToken> tokens) {
        List<CToken> kept = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).is("__attribute__")) {
                i = closing(tokens, i + 1);
            } else if (!tokens.get(i).is("_Noreturn")) {
                kept.add(tokens.get(i));
            }
        }
        return kept;
    }
}
