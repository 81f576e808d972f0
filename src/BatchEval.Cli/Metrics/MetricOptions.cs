using BatchEval.Onnx.Images;

namespace BatchEval.Cli.Metrics;

/// <summary>Options that <c>stats</c> and <c>metrics</c> share.</summary>
internal static class MetricOptions
{
    /// <summary>Another resize than the package's.</summary>
    public static Option<string?> Resize()
    {
        var option = new Option<string?>("--resize")
        {
            Description = $"Resize to use instead of the package's: {string.Join(", ", ResizeMethods.Names)}. Scores of different resizes cannot be compared.", HelpName = "name",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && ResizeMethods.Parse(name) is null)
            {
                result.AddError($"--resize is '{name}'; allowed: {string.Join(", ", ResizeMethods.Names)}.");
            }
        });
        return option;
    }

    /// <summary>Gives what went wrong with the user's images or files an exit code of its own.</summary>
    /// <exception cref="ProblemException">They cannot be used.</exception>
    public static T Refusing<T>(Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (Exception error) when (error is InvalidDataException or ArgumentException)
        {
            throw new ProblemException(ErrorText.Of(error));
        }
    }
}
