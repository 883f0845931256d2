package io.github.securepair.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/**
 * Entry point. Exit codes: 0 done, 1 the work failed (no connection, refused certificate, ...), 2
 * wrong use. Errors are one line on standard error; {@code -Dsecurepair.cli.stacktrace=true} shows
 * where they came from.
 */
@Command(
        name = "securepair",
        description = "TLS on OpenSSL, from the command line.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ServeCommand.class,
            ConnectCommand.class,
            CiphersCommand.class,
            VersionCommand.class,
            DemoCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main implements Callable<Integer> {
    static final int FAILED = 1;
    static final int WRONG_USE = 2;

    @Spec
    private CommandSpec spec;

    /** Runs the command and exits with its code. */
    public static void main(String[] args) {
        int code = run(args);
        System.out.flush();
        System.err.flush();
        System.exit(code);
    }

    /** Runs the command in this JVM and returns its exit code. */
    static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler((error, given) -> wrongUse(error));
        line.setExecutionExceptionHandler((error, command, parsed) -> failed(command, error));
        return line.execute(args);
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do: serve, connect, ciphers, version, demo or help");
    }

    private static int wrongUse(ParameterException error) {
        CommandLine command = error.getCommandLine();
        command.getErr().println(prefix(command) + oneLine(error.getMessage()));
        return WRONG_USE;
    }

    private static int failed(CommandLine command, Exception error) {
        if (error instanceof UsageException) {
            command.getErr().println(prefix(command) + oneLine(error.getMessage()));
            return WRONG_USE;
        }
        command.getErr().println(prefix(command) + Errors.describe(error));
        if (Boolean.getBoolean("securepair.cli.stacktrace")) {
            error.printStackTrace(command.getErr());
        }
        return FAILED;
    }

    private static String prefix(CommandLine command) {
        return command.getCommandSpec().qualifiedName() + ": ";
    }

    private static String oneLine(String message) {
        return message == null ? "wrong use" : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
