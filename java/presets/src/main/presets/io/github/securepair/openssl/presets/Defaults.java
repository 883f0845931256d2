package io.github.securepair.openssl.presets;

import java.util.List;

/** What has to be done before the first of our libraries is loaded. */
final class Defaults {
    /** The classes that JNI_OnLoad initializes. */
    private static final List<String> POINTERS = List.of(
            "Pointer",
            "BytePointer",
            "ShortPointer",
            "IntPointer",
            "LongPointer",
            "FloatPointer",
            "DoublePointer",
            "CharPointer",
            "BooleanPointer",
            "BoolPointer",
            "CLongPointer",
            "SizeTPointer",
            "PointerPointer",
            "FunctionPointer");

    private Defaults() {}

    /**
     * Switches off JavaCPP's limit on physical memory, before its Pointer class reads it: it counts
     * the whole process, and once exceeded makes every allocation collect garbage ten times and
     * sleep. A limit that the user set stays.
     *
     * <p>Then initializes JavaCPP's pointer classes. Their initializers take the loader's lock; a
     * thread that holds that lock and loads a library needs these classes initialized: two threads
     * that begin at opposite ends would wait for each other for ever. For the same reason our
     * generated types have no initializer (see build/natives).
     */
    static void apply() {
        if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null
                && System.getProperty("org.bytedeco.javacpp.maxphysicalbytes") == null) {
            System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        }
        for (String name : POINTERS) {
            try {
                Class.forName("org.bytedeco.javacpp." + name);
            } catch (ClassNotFoundException e) {
                throw new NoClassDefFoundError(e.getMessage());
            }
        }
    }
}
