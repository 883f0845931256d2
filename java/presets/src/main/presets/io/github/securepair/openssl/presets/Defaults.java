package io.github.securepair.openssl.presets;

/** JavaCPP's settings that our libraries need, given before its Pointer class reads them. */
final class Defaults {
    private Defaults() {}

    /**
     * Switches off the limit on physical memory: it counts the whole process, and once exceeded makes every allocation
     * collect garbage ten times and sleep. A limit that the user set stays.
     */
    static void apply() {
        if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null
                && System.getProperty("org.bytedeco.javacpp.maxphysicalbytes") == null) {
            System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        }
    }
}
