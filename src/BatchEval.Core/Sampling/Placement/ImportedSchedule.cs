using System.Globalization;
using System.Text.Json;
using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Placement;

/// <summary>What a list of levels that does not end in 0 means; tools differ.</summary>
public enum ImportedEnding
{
    /// <summary>Sampling stops at the last level, without a call (NVIDIA's how-to page).</summary>
    Stop,

    /// <summary>0 takes the place of the last level (diffusers' and ComfyUI's Align Your Steps).</summary>
    Zero,

    /// <summary>A 0 follows, the network is called at the last level too (A1111, Forge; flow sigmas and timesteps of diffusers).</summary>
    AppendZero,
}

/// <summary>A list of sigmas or times from another tool.</summary>
/// <param name="Values">What other tools call sigma (u for flow models), or times; strictly descending, a last sigma may be 0.</param>
/// <param name="Ending">What its end means; null to recognise it.</param>
public sealed record ImportedSchedule(IReadOnlyList<double> Values, bool AreTimes, ImportedEnding? Ending = null)
{
    private const double Slack = 0.01;

    public static IReadOnlyList<string> EndingNames { get; } = [.. Enum.GetValues<ImportedEnding>().Select(NameOf)];

    public static ImportedEnding ParseEnding(string name) => EndingNames.Contains(name)
        ? Enum.GetValues<ImportedEnding>().First(e => NameOf(e) == name)
        : throw new ArgumentException($"Unknown ending '{name}'; allowed: {string.Join(", ", EndingNames)}.{Nearest.Suggest(name, EndingNames)}", nameof(name));

    private static string NameOf(ImportedEnding ending) => JsonNamingPolicy.KebabCaseLower.ConvertName(ending.ToString());

    /// <summary>Reads a list as people paste it: numbers between commas or blanks, brackets around it, or JSON with the member <c>sigmas</c> or <c>timesteps</c>.</summary>
    /// <exception cref="ArgumentException">Something in it is no number.</exception>
    public static ImportedSchedule Parse(string text, bool areTimes, ImportedEnding? ending = null)
    {
        if (text.TrimStart().StartsWith('{'))
        {
            return OfJson(text, areTimes, ending);
        }

        // torch.tensor([14.6, 0.]), [14.6, 0], 14.6 0: brackets and what stands before them carry nothing.
        var (open, close) = (text.LastIndexOf('[') + 1, text.IndexOf(']', StringComparison.Ordinal));
        var list = open > 0 && close >= open ? text[open..close] : text;
        return new([.. list.Split([',', ';', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(Number)], areTimes, ending);
    }

    /// <summary>The schedule on a model.</summary>
    /// <exception cref="ArgumentException">It is no descending list, lies outside the model's range, or its end can be read in several ways.</exception>
    public SamplingSchedule On(NoiseSchedule noise)
    {
        var name = AreTimes ? "timesteps" : "sigmas";
        if (Values.Count == 0)
        {
            throw new ArgumentException($"The list of {name} is empty; expected numbers such as {(AreTimes ? "999, 500, 100" : "14.6, 6.5, 2.7, 0")}.");
        }

        if (Ending is not null && !AreTimes && Values[^1] == 0)
        {
            throw new ArgumentException($"The {name} end in 0, which says where sampling ends; leave the ending '{NameOf(Ending.Value)}' out, or the 0.");
        }

        for (var i = 0; i < Values.Count; i++)
        {
            if (!double.IsFinite(Values[i]) || Values[i] < 0 || (i > 0 && !(Values[i] < Values[i - 1])))
            {
                throw new ArgumentException(FormattableString.Invariant($"The {name} must be positive and descend strictly (the last may be 0); entry {i + 1} is {Values[i]}."));
            }
        }

        var (calls, end) = Cut(noise);
        return calls.Count == 0
            ? throw new ArgumentException($"The {name} leave no network call: at least 1 value above the end is needed.")
            : new("imported", string.Empty, [.. calls.Select(v => Time(noise, v))], end is { } e ? Time(noise, e) : null);
    }

    private (IReadOnlyList<double> Calls, double? End) Cut(NoiseSchedule noise)
    {
        // Training indices count from 0, so a time 0 is a call and nothing is to be recognised.
        var ending = Ending ?? (AreTimes || noise.Process == NoiseProcess.Flow ? ImportedEnding.AppendZero : null);
        if (Values[^1] == 0 && !AreTimes)
        {
            return ([.. Values.SkipLast(1)], null);
        }

        ending ??= PublishedSchedules.All.FirstOrDefault(IsThis) is { } published ? (published.CalledAtLast ? ImportedEnding.AppendZero : ImportedEnding.Zero) : null;
        return ending switch
        {
            ImportedEnding.Stop => ([.. Values.SkipLast(1)], Values[^1]),
            ImportedEnding.Zero => ([.. Values.SkipLast(1)], null),
            ImportedEnding.AppendZero => (Values, null),
            _ => throw new ArgumentException(FormattableString.Invariant(
                $"The sigmas end at {Values.DefaultIfEmpty().Last()}, which tools read in three ways; say which ending: stop (no call there, its noise stays), zero (0 takes its place), append-zero (a call there, then 0).")),
        };
    }

    private bool IsThis(PublishedSchedule published) =>
        published.Sigmas.Count == Values.Count && published.Sigmas.Zip(Values).All(p => Math.Abs(p.First - p.Second) <= 0.0006 + (1e-3 * p.First));

    private double Time(NoiseSchedule noise, double value)
    {
        var (low, high) = AreTimes ? (noise.MinTime, noise.MaxTime) : (noise.SigmaAt(noise.MinTime), noise.SigmaAt(noise.MaxTime));
        var slack = AreTimes ? 0 : Slack;
        return value >= low * (1 - slack) && value <= high * (1 + slack)
            ? noise.Stated(AreTimes ? value : noise.TimeOfSigma(value))
            : throw new ArgumentException(FormattableString.Invariant($"{(AreTimes ? "t" : "sigma")} = {value} lies outside the model's range [{low:G6}, {high:G6}]."));
    }

    private static ImportedSchedule OfJson(string text, bool areTimes, ImportedEnding? ending)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            foreach (var (member, times) in new[] { ("sigmas", false), ("timesteps", true) }.OrderBy(m => m.Item2 != areTimes))
            {
                if (document.RootElement.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array)
                {
                    return new([.. list.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number ? v.GetDouble() : throw new ArgumentException($"{member} holds {v.GetRawText()}, which is no number."))], times, ending);
                }
            }

            throw new ArgumentException("The document has neither sigmas nor timesteps.");
        }
        catch (JsonException error)
        {
            throw new ArgumentException(ErrorText.OfJson(error));
        }
    }

    private static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new ArgumentException($"'{text}' is not a number; expected a list such as 14.6, 6.5, 2.7, 0.");
}
