using System.Diagnostics;

namespace BatchEval.Onnx.Tests.Numpy;

/// <summary>A test that asks NumPy itself; reported as skipped where <c>/usr/bin/python3</c> has none.</summary>
internal sealed class NumpyFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> Available = new(() => File.Exists(Python) && Run("import numpy").ExitCode == 0);

    public NumpyFactAttribute()
    {
        if (!Available.Value) Skip = $"{Python} with numpy is not installed.";
    }

    private static string Python => "/usr/bin/python3";

    public static (int ExitCode, string Output) Run(string script, params string[] arguments)
    {
        var info = new ProcessStartInfo(Python, ["-c", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}
