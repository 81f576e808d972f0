namespace BatchEval.Cli.Terminal;

/// <summary>Turns complaints about what the user gave into problems with the option's name before them.</summary>
internal static class Input
{
    /// <summary>Reads something that the user gave.</summary>
    /// <param name="name">Option or argument, for example <c>--steps</c>.</param>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static T Read<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new ProblemException($"{name}: {ErrorText.Of(error)}");
        }
    }
}
