using System.Buffers;
using System.Text;
using System.Text.Json;
using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling;

/// <summary>
/// The canonical JSON of a candidate: fixed member order, defaults left out, shortest round-trip numbers, no white space.
/// Reading is strict: unknown members, wrong types and missing members are refused by name.
/// </summary>
public static class CandidateJson
{
    // In the order of StepGuidance.
    private static readonly string[] GuidanceNames = ["full", "positive", "cached"];

    /// <summary>How a step is guided, as JSON has it.</summary>
    public static string NameOf(StepGuidance guidance) => GuidanceNames[(int)guidance];

    /// <summary>Writes the canonical form.</summary>
    public static string Write(Candidate candidate)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, candidate);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the canonical form into an open document.</summary>
    public static void Write(Utf8JsonWriter writer, Candidate candidate)
    {
        writer.WriteStartObject();
        writer.WriteString("solver", candidate.Solver);
        writer.WriteStartArray("steps");
        foreach (var step in candidate.Steps)
        {
            WriteStep(writer, step);
        }

        writer.WriteEndArray();
        if (candidate.End is { } end)
        {
            writer.WriteNumber("end", end);
        }

        WriteUnless(writer, "startScale", candidate.StartScale, 1);
        if (candidate.Skip is { } skip)
        {
            WriteSkip(writer, skip);
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a candidate.</summary>
    /// <exception cref="ProblemException">The text is not a candidate; every problem is listed.</exception>
    public static Candidate Read(string json)
    {
        var problems = new List<Problem>();
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                if (Read(parsed.Document.RootElement, string.Empty, problems) is { } candidate)
                {
                    return candidate;
                }
            }
        }

        throw new ProblemException("The candidate", problems);
    }

    /// <summary>Reads a candidate that stands inside another document.</summary>
    /// <returns>The candidate, or null after adding to <paramref name="problems"/>.</returns>
    public static Candidate? Read(JsonElement element, string path, ICollection<Problem> problems)
    {
        var before = problems.Count;
        var root = new JsonInspector(element, path, problems);
        var solver = root.Text("solver");
        List<CandidateStep?> steps = [.. root.Items("steps", required: true).Select(s => ReadStep(s.Value, s.Path, problems))];
        double? end = root.Has("end") ? root.Number("end") : null;
        var startScale = root.Number("startScale", 1);
        var skip = root.Child("skip") is { } child ? ReadSkip(child, problems) : null;
        root.Close();
        return problems.Count > before ? null : Guard(path, problems, () => new Candidate(solver, steps.OfType<CandidateStep>(), skip, end, startScale));
    }

    internal static string Hash(Candidate candidate) => Digest.Of(Write(candidate));

    private static void WriteStep(Utf8JsonWriter writer, CandidateStep step)
    {
        writer.WriteStartObject();
        writer.WriteNumber("t", step.Time);
        if (step.Drop.Count > 0)
        {
            writer.WriteStartArray("drop");
            foreach (var block in step.Drop)
            {
                writer.WriteNumberValue(block);
            }

            writer.WriteEndArray();
        }

        if (step.Reuse)
        {
            writer.WriteBoolean("reuse", true);
        }

        if (step.Guidance != StepGuidance.Full)
        {
            writer.WriteString("guidance", GuidanceNames[(int)step.Guidance]);
        }

        if (step.Numbers is { } numbers)
        {
            writer.WriteStartObject("numbers");
            if (numbers.NetworkTime is { } time)
            {
                writer.WriteNumber("networkTime", time);
            }

            WriteUnless(writer, "outputScale", numbers.OutputScale, 1);
            WriteUnless(writer, "firstDifference", numbers.FirstDifference, 0);
            WriteUnless(writer, "secondDifference", numbers.SecondDifference, 0);
            WriteUnless(writer, "state", numbers.State, 0);
            WriteUnless(writer, "data", numbers.Data, 0);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteUnless(Utf8JsonWriter writer, string name, double value, double standard)
    {
        if (value != standard)
        {
            writer.WriteNumber(name, value);
        }
    }

    private static void WriteSkip(Utf8JsonWriter writer, SkipPolicy skip)
    {
        writer.WriteStartObject("skip");
        writer.WriteNumber("threshold", skip.Threshold);
        writer.WriteNumber("maxConsecutive", skip.MaxConsecutive);
        writer.WriteNumber("warmup", skip.Warmup);
        writer.WriteNumber("order", skip.Order);
        if (skip.Guard > 0)
        {
            writer.WriteNumber("guard", skip.Guard);
        }

        if (skip.MaxCalls is { } most)
        {
            writer.WriteNumber("maxCalls", most);
        }

        if (skip.Criterion != SkipCriterion.Tensor)
        {
            writer.WriteString("criterion", skip.CriterionName);
        }

        writer.WriteEndObject();
    }

    private static CandidateStep? ReadStep(JsonElement element, string path, ICollection<Problem> problems)
    {
        var step = new JsonInspector(element, path, problems);
        var (time, drop, reuse) = (step.Number("t"), step.Integers("drop", low: 0), step.Flag("reuse", false));
        var numbers = step.Child("numbers") is { } child ? ReadNumbers(child) : null;
        var guidance = (StepGuidance)Math.Max(0, Array.IndexOf(GuidanceNames, step.Text("guidance", GuidanceNames[0], GuidanceNames)));
        step.Close();
        return Guard(path, problems, () => new CandidateStep(time, drop, reuse, numbers, guidance));
    }

    private static StepNumbers ReadNumbers(JsonInspector numbers)
    {
        var read = new StepNumbers
        {
            NetworkTime = numbers.Has("networkTime") ? numbers.Number("networkTime") : null,
            OutputScale = numbers.Number("outputScale", 1),
            FirstDifference = numbers.Number("firstDifference", 0),
            SecondDifference = numbers.Number("secondDifference", 0),
            State = numbers.Number("state", 0),
            Data = numbers.Number("data", 0),
        };
        numbers.Close();
        return read;
    }

    private static SkipPolicy? ReadSkip(JsonInspector skip, ICollection<Problem> problems)
    {
        var (threshold, maxConsecutive, warmup) = (skip.Number("threshold"), skip.Integer("maxConsecutive", 4), skip.Integer("warmup", 4));
        var (order, guard) = (skip.Integer("order", 0), skip.Integer("guard", 0));
        var criterion = SkipPolicy.ParseCriterion(skip.Text("criterion", SkipPolicy.CriterionNames[0], SkipPolicy.CriterionNames));
        int? maxCalls = skip.Has("maxCalls") ? skip.Integer("maxCalls") : null;
        skip.Close();
        return Guard(skip.Path, problems, () => new SkipPolicy(threshold, maxConsecutive, warmup, order, guard, criterion, maxCalls));
    }

    private static T? Guard<T>(string path, ICollection<Problem> problems, Func<T> create)
        where T : class
    {
        try
        {
            return create();
        }
        catch (ArgumentException error)
        {
            problems.Add(new Problem(path, ErrorText.Of(error)));
            return null;
        }
    }
}
