package io.github.securepair.errors;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * An error that carries one of Node's error codes, such as {@code ERR_STREAM_DESTROYED} or
 * {@code ECONNRESET}.
 */
public interface Coded {
    /** Returns Node's code of this error. */
    String code();

    /**
     * Returns Node's class of this error: {@code Error}, {@code TypeError} or {@code RangeError}.
     */
    default String name() {
        return "Error";
    }

    /**
     * Returns the code of any throwable: of a {@code Coded} one, of one with a public {@code String
     * code()} method (as the engine's exceptions have), or {@code null}.
     */
    static String codeOf(Throwable error) {
        if (error instanceof Coded coded) {
            return coded.code();
        }
        if (error == null) {
            return null;
        }
        MethodHandle method = CodeMethod.OF.get(error.getClass());
        if (method == null) {
            return null;
        }
        try {
            return (String) method.invokeExact((Object) error);
        } catch (Throwable failed) {
            return null;
        }
    }

    /** Finds the {@code code()} method of exception classes that cannot know this interface. */
    final class CodeMethod {
        private static final ClassValue<MethodHandle> OF = new ClassValue<>() {
            @Override
            protected MethodHandle computeValue(Class<?> type) {
                try {
                    return MethodHandles.publicLookup()
                            .findVirtual(type, "code", MethodType.methodType(String.class))
                            .asType(MethodType.methodType(String.class, Object.class));
                } catch (ReflectiveOperationException none) {
                    return null;
                }
            }
        };

        private CodeMethod() {}
    }
}
