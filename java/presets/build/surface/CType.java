import java.util.ArrayList;
import java.util.List;

/**
 * A C type after its typedefs were followed: {@code base} is a primitive, or the canonical name of
 * a struct or enum. {@code problem} is set when no Java caller can be given a safe value of it.
 */
record CType(String base, int pointers, boolean isConst, Kind kind, String problem) {

    enum Kind {
        PRIMITIVE,
        STRUCT,
        ENUM,
        PLATFORM,
        FUNCTION,
        UNKNOWN
    }

    CType withPointers(int more) {
        return new CType(base, pointers + more, isConst, kind, problem);
    }

    CType withConst(boolean more) {
        return new CType(base, pointers, isConst || more, kind, problem);
    }

    /** As C spells it, which is also what a cast in generated C++ says. */
    String spelled() {
        return (isConst ? "const " : "") + base + "*".repeat(pointers);
    }

    boolean isFunction() {
        return kind == Kind.FUNCTION;
    }

    static CType problem(String why) {
        return new CType("?", 0, false, Kind.UNKNOWN, why);
    }

    /** A parameter: its type and name. */
    record Parameter(CType type, String name) {}

    /** A function that some header declares. */
    record Function(
            String name,
            String header,
            CType result,
            List<Parameter> parameters,
            boolean varargs,
            boolean returnsFunction,
            boolean deprecated,
            boolean inlined) {

        /** Why Java cannot have it as it is, or null. */
        String problem() {
            if (returnsFunction || result != null && result.isFunction()) {
                return "callback-result";
            }
            if (varargs) {
                return "varargs";
            }
            List<CType> types = new ArrayList<>();
            types.add(result);
            boolean callback = false;
            for (Parameter parameter : parameters) {
                types.add(parameter.type());
                callback |= parameter.type().isFunction();
            }
            for (CType type : types) {
                if (type.problem() != null) {
                    return type.problem();
                }
            }
            return callback ? "callback" : null;
        }
    }

    /** A struct with its fields, or an enum with its constants, as tokens between the braces. */
    record Body(String header, List<CToken> tokens) {}
}
