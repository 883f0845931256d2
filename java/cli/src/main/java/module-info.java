/** The command {@code securepair}. */
module io.github.securepair.cli {
    requires io.github.securepair;
    requires io.github.securepair.engine;
    requires info.picocli;

    opens io.github.securepair.cli to
            info.picocli;
}
