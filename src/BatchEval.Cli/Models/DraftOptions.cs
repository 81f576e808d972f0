namespace BatchEval.Cli.Models;

/// <summary>Options with which <c>model init</c> is told what a network does not say itself.</summary>
internal sealed class DraftOptions
{
    private readonly Option<string?> name = Text("--name", "Short name. Default: the file's.", "text");
    private readonly Option<string?> sample = Text("--sample-input", "Input that takes the state.", "name");
    private readonly Option<string?> time = Text("--time-input", "Input that takes the time.", "name");
    private readonly Option<string?> labels = Text("--label-input", "Input that takes class labels.", "name");
    private readonly Option<string?> context = Text("--context-input", "Input that takes encoded prompts.", "name");
    private readonly Option<string?> contexts = Text("--contexts", "NumPy file with encoded prompts [prompts, tokens, dimensions], beside the network.", "file");
    private readonly Option<string?> output = Text("--output", "Output that is the prediction.", "name");
    private readonly Option<string?> prediction = Text("--prediction", "What the output means: epsilon, v, sample or flow.", "type");
    private readonly Option<string?> schedule = Text("--schedule", "Noise it was trained on, as in linear(trainSteps=1000,betaStart=0.0001,betaEnd=0.02), cosine(trainSteps=1000), sigma(sigmaMin=0.002,sigmaMax=80), flow(timeScale=1000).", "process");
    private readonly Option<string?> shape = Text("--shape", "Channels, height and width of a sample, as in 3,32,32.", "c,h,w");
    private readonly Option<string?> range = Text("--range", "Values of black and white. Default: -1,1.", "low,high");
    private readonly Option<bool?> clamp = new("--clamp") { Description = "Clamp data predictions to the range while sampling. Default: as the scheduler's configuration says.", HelpName = "true | false" };
    private readonly Option<int?> classes = new("--classes") { Description = "Number of classes.", HelpName = "n" };
    private readonly Option<int?> none = new("--null-label") { Description = "Label that means none.", HelpName = "n" };

    public IEnumerable<Option> All => [name, sample, time, labels, context, contexts, output, prediction, schedule, shape, range, clamp, classes, none];

    /// <summary>What was said.</summary>
    /// <exception cref="ProblemException">A value that cannot be read.</exception>
    public DraftAnswers Read(ParseResult parsed)
    {
        var sizes = Numbers(parsed, shape, 3);
        var ends = Numbers(parsed, range, 2);
        return new DraftAnswers
        {
            Name = parsed.GetValue(name), Sample = parsed.GetValue(sample), Time = parsed.GetValue(time), Labels = parsed.GetValue(labels), Context = parsed.GetValue(context),
            Contexts = parsed.GetValue(contexts), Output = parsed.GetValue(output), Prediction = parsed.GetValue(prediction), Schedule = parsed.GetValue(schedule),
            Shape = sizes is null ? null : ((int)sizes[0], (int)sizes[1], (int)sizes[2]), Range = ends is null ? null : (ends[0], ends[1]), Clamp = parsed.GetValue(clamp),
            Classes = parsed.GetValue(classes), Null = parsed.GetValue(none),
        };
    }

    private static double[]? Numbers(ParseResult parsed, Option<string?> option, int count)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        var numbers = text.Split(',').Select(p => double.TryParse(p, CultureInfo.InvariantCulture, out var v) ? v : double.NaN).ToArray();
        return numbers.Length == count && numbers.All(double.IsFinite) ? numbers : throw new ProblemException($"{option.Name} is '{text}'; allowed: {option.HelpName} as numbers.");
    }

    private static Option<string?> Text(string name, string description, string help) => new(name) { Description = description, HelpName = help };
}
