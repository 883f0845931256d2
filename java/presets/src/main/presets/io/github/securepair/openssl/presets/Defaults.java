package io.github.securepair.openssl.presets;

import org.bytedeco.javacpp.Loader;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** What has to be done before the first of our libraries is loaded. */
final class Defaults {
    private static final String PREFIX = "org.bytedeco.javacpp.";

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

    /** One for all class loaders of the JVM, which share their system properties: a constant is. */
    private static final Object LOCK = "io.github.securepair.openssl: properties of JavaCPP";

    private Defaults() {}

    /**
     * Initializes JavaCPP's pointer classes, under settings that are theirs alone: what the user
     * set stays, and the properties are afterwards what they were, for others that use JavaCPP in
     * another class loader.
     *
     * <ul>
     *   <li>No limit on physical memory: it counts the whole process, and once exceeded makes every
     *       allocation collect garbage ten times and sleep.
     *   <li>No thread that frees what was collected: it would keep our class loader for ever, and
     *       nothing of ours is freed by it.
     *   <li>No attempt to load a library of JavaCPP's own: ours have it inside. The attempt makes a
     *       cache folder, below the working directory when the user has no home.
     * </ul>
     *
     * <p>Where other bindings of JavaCPP are in the same class loader, which their library shows,
     * the last two are left to JavaCPP: those bindings need them.
     *
     * <p>The initializers take the loader's lock; a thread that holds that lock and loads a library
     * needs these classes initialized: two threads that begin at opposite ends would wait for each
     * other for ever. For the same reason our generated types have no initializer (see
     * build/natives).
     */
    static void apply() {
        synchronized (LOCK) {
            Deque<Runnable> undo = new ArrayDeque<>();
            try {
                set("maxPhysicalBytes", "0", undo);
                if (!othersUseJavaCPP()) {
                    set("noPointerGC", "true", undo);
                    set("loadLibraries", "false", undo);
                }
                for (String name : POINTERS) {
                    Class.forName(PREFIX + name);
                }
            } catch (ClassNotFoundException e) {
                throw new NoClassDefFoundError(e.getMessage());
            } finally {
                undo.forEach(Runnable::run);
            }
        }
    }

    private static boolean othersUseJavaCPP() {
        return Loader.class.getResource(Loader.getPlatform() + "/libjnijavacpp.so") != null;
    }

    /** Unless it was set, under the name that JavaCPP has now or under the older one. */
    private static void set(String name, String value, Deque<Runnable> undo) {
        String property = PREFIX + name;
        if (System.getProperty(property) == null
                && System.getProperty(PREFIX + name.toLowerCase(Locale.ROOT)) == null) {
            System.setProperty(property, value);
            undo.push(() -> System.clearProperty(property));
        }
    }
}
