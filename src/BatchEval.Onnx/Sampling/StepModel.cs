using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// A solver's row as a model of its own, so that it runs where the network runs, in <see cref="RowExecutor{T}"/>'s order of operations: net = the guided output,
/// raw = p x + q net, data = clamped raw or what the row remembers in its place, next = a x + b y + c raw + n z + sum d_j D_j, and the second state y likewise.
/// States are kept in single precision whatever the network computes in. Equal models are equal records.
/// </summary>
/// <param name="Layout">The network's.</param>
/// <param name="History">Data predictions that rows use, this call's included.</param>
/// <param name="Anchored">Whether there is a second state.</param>
/// <param name="Noisy">Whether rows add noise.</param>
internal sealed record StepModel(NetworkLayout Layout, int History, bool Anchored, bool Noisy)
{
    /// <summary>The state before the row, single precision.</summary>
    public const string State = "state";

    /// <summary>The network's output, with condition where there is guidance.</summary>
    public const string Network = "network";

    /// <summary>Its output without condition, or <see cref="Network"/>'s value where the row is not guided.</summary>
    public const string Negative = "negative";

    /// <summary>The output with condition that <see cref="Negative"/> belongs to: an earlier one where the row takes an earlier difference.</summary>
    public const string Positive = "positive";

    /// <summary>The second state before the row.</summary>
    public const string Anchor = "anchor";

    public const string Noise = "noise";

    /// <summary>Images that are joined to the next state behind its channels, single precision.</summary>
    public const string Images = "images";

    /// <summary>The numbers of <see cref="Numbers"/>.</summary>
    public const string Coefficients = "coefficients";

    /// <summary>The state after the row, single precision.</summary>
    public const string Next = "next";

    /// <summary>The second state after it.</summary>
    public const string NextAnchor = "nextAnchor";

    /// <summary>This call's data prediction, for later rows.</summary>
    public const string Remembered = "remembered";

    /// <summary>The next state as the network takes it.</summary>
    public const string Input = "input";

    /// <summary>Whether the second half of the network's output widens the noise (<see cref="SolverRow.LearnedNoise"/>).</summary>
    public bool Learned { get; init; }

    /// <summary>Scale of guidance and phi of its rescaling, or null where no row makes two evaluations.</summary>
    public (double Scale, double Rescale)? Guidance { get; init; }

    /// <summary>Whether images are joined to states.</summary>
    public bool Joined { get; init; }

    /// <summary>A data prediction of <paramref name="back"/> rows before.</summary>
    public static string Earlier(int back) => $"earlier{back}";

    /// <summary>A row's coefficients in the order in which the model splits them.</summary>
    public float[] Numbers(SolverRow row, DataPrediction data)
    {
        var kept = row.Remembered ?? new LinearCombination { Data = [1] };
        List<double> all = [data.FromState, data.FromNetwork, kept.Data[0], kept.State, kept.Raw];
        if (Learned)
        {
            all.Add((row.LearnedNoise ?? 0) / 2);
        }

        // The last of the state's is that of the network's output itself.
        all.AddRange([.. Of(row.Next), 0]);
        all.AddRange(Anchored ? Of(row.NextAnchor ?? new LinearCombination { Anchor = 1 }) : []);
        return [.. all.Select(n => (float)n)];

        double[] Of(LinearCombination c) => [c.State, c.Anchor, c.Raw, .. Enumerable.Range(0, History).Select(j => c.Data.ElementAtOrDefault(j)), c.Noise];
    }

    /// <summary>Builds the model.</summary>
    public byte[] Build()
    {
        var (graph, sample, factors) = (new GraphWriter("step"), Layout.Sample, new List<string>());
        string[] earlier = [.. Enumerable.Range(1, History - 1).Select(Earlier)];
        graph.Inputs((int)Type.Float, [State, Coefficients, .. earlier, .. Given(Anchored, Anchor), .. Given(Noisy, Noise), .. Given(Joined, Images)]);
        graph.Inputs((int)Layout.Output, [Network, .. Given(Guidance is not null, Positive, Negative)]);
        graph.Outputs((int)Type.Float, [Next, .. Given(Anchored, NextAnchor), .. Given(History > 1, Remembered)]);
        graph.Outputs((int)Layout.State, [Input]);

        var whole = States(Network);
        var net = Guidance is { } guidance ? Guided(Channels(whole), guidance.Scale, guidance.Rescale) : Channels(whole);
        var raw = Sum(null, State, net);
        var data = sample.Limit is { } limit ? graph.Node("Clip", raw, graph.Number(limit.Low), graph.Number(limit.High)) : raw;
        Sum(Remembered, data, State, raw);
        string?[] known = [State, Anchored ? Anchor : null, raw, Remembered, .. earlier];
        // Nothing of the output is added at the end; but where it is not finite the state is not either from here on, whatever a clamp makes of it.
        Sum(Next, [.. known, Learned ? Widened(Channels(whole, sample.Channels)) : Noisy ? Noise : null, net]);
        if (Anchored)
        {
            Sum(NextAnchor, [.. known, Noisy ? Noise : null]);
        }

        var next = Layout.Packed ? Tokens(Next) : Joined ? graph.Node("Concat", [Next, Images], null, GraphWriter.Attribute("axis", 1)) : Next;
        graph.Node("Cast", [next], Input, GraphWriter.Attribute("to", (int)Layout.State));
        graph.Split(Coefficients, factors);
        return graph.ToModel();

        string[] Given(bool present, params string[] names) => present ? names : [];

        string Factor()
        {
            factors.Add($"factor{factors.Count}");
            return factors[^1];
        }

        // Each term has the next coefficient; of terms that no row has, the coefficient alone is there.
        string Sum(string? result, params string?[] terms)
        {
            string? sum = null;
            for (var i = 0; i < terms.Length; i++)
            {
                var (factor, last) = (Factor(), i == Array.FindLastIndex(terms, t => t is not null));
                if (terms[i] is { } term)
                {
                    var product = graph.Node("Mul", term, factor);
                    sum = sum is null ? product : graph.Node("Add", [product, sum], last ? result : null);
                }
            }

            return sum!;
        }

        // p + (w - 1) (p - n), where the difference may be an earlier row's.
        string Guided(string prediction, double scale, double rescale)
        {
            var difference = graph.Node("Sub", Channels(States(Positive)), Channels(States(Negative)));
            var mixed = graph.Node("Add", prediction, graph.Node("Mul", difference, graph.Number(scale - 1)));
            if (rescale == 0)
            {
                return mixed;
            }

            // phi r net + (1 - phi) net with r = std(p) / std(net), sample by sample
            var ratio = graph.Node("Sqrt", graph.Node("Div", Spread(prediction), Spread(mixed)));
            return graph.Node("Mul", mixed, graph.Node("Add", graph.Node("Mul", ratio, graph.Number(rescale)), graph.Number(1 - rescale)));
        }

        string Spread(string tensor)
        {
            var axes = GraphWriter.Attribute("axes", 1, 2, 3);
            return graph.Node("ReduceSumSquare", [graph.Node("Sub", tensor, graph.Node("ReduceMean", [tensor], null, axes))], null, axes);
        }

        // z e^(r (v + 1) / 2)
        string Widened(string variances) => graph.Node("Mul", Noise, graph.Node("Exp", graph.Node("Mul", graph.Node("Add", variances, graph.Number(1)), Factor())));

        string Channels(string tensor, int first = 0) => Layout.OutputChannels == sample.Channels ? tensor
            : graph.Node("Slice", tensor, graph.Integers(first), graph.Integers(first + sample.Channels), graph.Integers(1));

        string States(string output)
        {
            var single = graph.Node("Cast", [output], null, GraphWriter.Attribute("to", (int)Type.Float));
            return !Layout.Packed ? single
                : Moved(single, [0, sample.Height / 2, sample.Width / 2, sample.Channels, 2, 2], [0, 3, 1, 4, 2, 5], [0, sample.Channels, sample.Height, sample.Width]);
        }

        string Tokens(string states) =>
            Moved(states, [0, sample.Channels, sample.Height / 2, 2, sample.Width / 2, 2], [0, 2, 4, 1, 3, 5], [0, LatentPacking.Tokens(sample), 4 * sample.Channels]);

        string Moved(string tensor, long[] from, long[] order, long[] to) =>
            graph.Node("Reshape", graph.Node("Transpose", [graph.Node("Reshape", tensor, graph.Integers(from))], null, GraphWriter.Attribute("perm", order)), graph.Integers(to));
    }
}
