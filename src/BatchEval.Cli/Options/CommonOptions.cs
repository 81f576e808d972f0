using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Options;

/// <summary>Options that several commands share; each command gets its own instance.</summary>
internal static class CommonOptions
{
    /// <summary>Asks for JSON on standard output.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document on standard output; everything else goes to standard error." };

    /// <summary>Where runs are stored.</summary>
    public static Option<string?> Store() => new("--store")
    {
        Description = "Storage connection string or blob service address. Default: BATCHEVAL_STORE, then AzureWebJobsStorage, then the development storage, which is started when nothing answers.",
        HelpName = "connection",
    };

    /// <summary>A model package's folder.</summary>
    public static Option<string> Model() => new("--model") { Description = "Folder of the model package.", HelpName = "dir", Required = true };

    /// <summary>Folders of model packages.</summary>
    /// <param name="what">What the packages are, in words that go on "Folder whose subfolders are ...".</param>
    public static Option<string[]> Models(string what) => new("--models")
    {
        Description = $"Folder whose subfolders are {what}; may be repeated. Default: the bundled samples.", HelpName = "root", DefaultValueFactory = _ => [],
    };

    /// <summary>The folders that <see cref="Models"/> names, or the bundled samples.</summary>
    /// <exception cref="ProblemException">One does not exist.</exception>
    public static string[] ModelRoots(string[] named, Shell shell)
    {
        if (named.Length == 0)
        {
            return [FindSamples() ?? shell.PathOf("samples")];
        }

        string[] roots = [.. named.Select(shell.PathOf)];
        return roots.FirstOrDefault(r => !Directory.Exists(r)) is { } missing ? throw new ProblemException($"The model folder '{missing}' does not exist.") : roots;
    }

    private static string? FindSamples()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "BatchEval.sln")))
            {
                return Path.Combine(folder.FullName, "samples");
            }
        }

        return null;
    }

    /// <summary>Where networks run.</summary>
    public static Option<string> Device()
    {
        var option = new Option<string>("--device") { Description = "Where networks run: cpu, cuda or cuda:<index>.", HelpName = "device", DefaultValueFactory = _ => "cpu" };
        option.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            var known = text is "cpu" or "cuda" || (text.StartsWith("cuda:", StringComparison.Ordinal) && uint.TryParse(text.AsSpan(5), out _));
            if (!known)
            {
                result.AddError($"Unknown device '{text}'; allowed: cpu, cuda, cuda:<index>.");
            }
        });
        return option;
    }

    /// <summary>Where states lie between network calls.</summary>
    public static Option<SamplingLoop> Loop()
    {
        var option = new Option<SamplingLoop>("--loop") { Description = "Where states lie between network calls: host (the processor), or device (where networks run). Default: host.", HelpName = "host | device" };
        option.AcceptOnlyFromAmong([.. Enum.GetValues<SamplingLoop>().Select(l => l.Name())]);
        return option;
    }

    /// <summary>Units in flight.</summary>
    public static Option<int?> Parallel()
    {
        var option = new Option<int?>("--parallel") { Description = "Units computed side by side. Default: one per processor on cpu, 1 on cuda.", HelpName = "n" };
        AtLeast(option, 1);
        return option;
    }

    /// <summary>Refuses values below a limit.</summary>
    public static void AtLeast(Option<int?> option, int low) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var value) && value < low)
        {
            result.AddError($"{option.Name} is {value}; allowed: at least {low}.");
        }
    });

    /// <summary>Refuses what is no port; 0 lets the system choose.</summary>
    public static void Port(Option<int?> option) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var value) && value is < 0 or > 65535)
        {
            result.AddError($"{option.Name} is {value}; allowed: 0 to 65535.");
        }
    });

    /// <summary>Device options for a number of units in flight.</summary>
    public static (DeviceOptions Device, int Parallel) Workers(string device, int? parallel)
    {
        var cpu = device == "cpu";
        var units = parallel ?? (cpu ? Environment.ProcessorCount : 1);
        return (new DeviceOptions(device, cpu ? Math.Max(1, Environment.ProcessorCount / units) : 1), units);
    }

    /// <summary>Says on standard error where networks will run.</summary>
    public static void Announce(DeviceOptions device, int units, TextWriter writer) =>
        writer.WriteLine($"Networks run on {device.Provider}, {units} unit{(units == 1 ? string.Empty : "s")} side by side.");
}
