namespace BatchEval.Cli.Terminal;

/// <summary>Turns what goes wrong with input into a refusal that names it.</summary>
internal static class Input
{
    /// <summary>Reads something that the user gave.</summary>
    /// <param name="name">Option or argument, for example <c>--steps</c>.</param>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static T Read<T>(string name, Func<T> read) => Read(said => $"{name}: {said}", read);

    /// <summary>Reads a file that the user gave. What its reader says of it begins with the full path, in place of which it is named as it was typed.</summary>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static T ReadFile<T>(string typed, string path, Func<T> read) =>
        Read(said => said.StartsWith(path, StringComparison.Ordinal) ? typed + said[path.Length..] : $"'{typed}': {said}", read);

    private static T Read<T>(Func<string, string> refusal, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new ProblemException(refusal(ErrorText.Of(error)));
        }
    }
}
