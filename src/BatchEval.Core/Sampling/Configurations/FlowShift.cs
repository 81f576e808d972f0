using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Configurations;

/// <summary>How the levels of a flow model are moved towards noise.</summary>
/// <param name="Shift">s of the static shift s u / (1 + (s - 1) u).</param>
/// <param name="Dynamic">True where the shift follows the image's size.</param>
/// <param name="Base">mu at the fewest tokens.</param>
/// <param name="Most">mu at the most tokens.</param>
/// <param name="Terminal">Least level that the list is stretched to, or null.</param>
/// <param name="Linear">True for mu in place of e^mu.</param>
internal sealed record FlowShift(double Shift, bool Dynamic, double Base, double Most, (int Fewest, int Most) Tokens, double? Terminal, bool Linear)
{
    /// <summary>Reads the fields.</summary>
    /// <param name="flowClass">True for flow-matching classes, whose field is <c>shift</c>; others have <c>flow_shift</c>.</param>
    public static FlowShift Read(JsonInspector root, bool flowClass) =>
        new(
            root.Number(flowClass ? "shift" : "flow_shift", 1, 1e-9), root.Flag("use_dynamic_shifting", false), root.Number("base_shift", 0.5), root.Number("max_shift", 1.15),
            (root.Integer("base_image_seq_len", 256, 1), root.Integer("max_image_seq_len", 4096, 1)), root.Has("shift_terminal") ? root.Number("shift_terminal", null, 1e-9, 1) : null,
            root.Text("time_shift_type", "exponential", "exponential", "linear") == "linear");

    /// <summary>
    /// The levels of <c>FlowMatchEulerDiscreteScheduler</c>: its own list lies between ends that are shifted already and is shifted again; the one that
    /// pipelines with a dynamic shift give is 1, 1 - 1/n, ..., 1/n.
    /// </summary>
    public double[] Levels(int n, int trained, int? imageTokens, bool? even)
    {
        if (Dynamic && imageTokens is null)
        {
            throw new ArgumentException("The model's schedule is shifted by the size of the image: say how many tokens it has.", nameof(imageTokens));
        }

        var (high, low) = even ?? Dynamic ? (1, 1.0 / n) : Dynamic ? (1, 1.0 / trained) : (Static(1), Static(1.0 / trained));
        var levels = Enumerable.Range(0, n).Select(i => n == 1 ? high : high + (i * ((low - high) / (n - 1))));
        return Stretched([.. levels.Select(u => Dynamic ? Moved(u, imageTokens!.Value) : Static(u))]);
    }

    /// <summary>The levels of <c>use_flow_sigmas</c> in multistep classes.</summary>
    /// <param name="uniPc">True for the list of UniPC, which begins at u = 1 and can be stretched.</param>
    public double[] MultistepLevels(int n, int trained, bool uniPc)
    {
        if (uniPc)
        {
            // linspace(1, 1/T, n + 1) without its last; 1 itself is moved by 1e-6
            var u = Stretched([.. Enumerable.Range(0, n).Select(i => Static(1 - (i * (1 - (1.0 / trained)) / n)))]);
            u[0] = Math.Min(u[0], 1 - 1e-6);
            return u;
        }

        // 1 - linspace(1, 1/T, n + 1), shifted and reversed without its last
        var most = 1 - (1.0 / trained);
        return [.. Enumerable.Range(0, n).Select(i => Static(most * (n - i) / n))];
    }

    private double Static(double u) => Shift * u / (1 + ((Shift - 1) * u));

    // mu is linear in the number of tokens; u' = m / (m + 1/u - 1)
    private double Moved(double u, int tokens)
    {
        var mu = Base + ((tokens - Tokens.Fewest) * ((Most - Base) / (Tokens.Most - Tokens.Fewest)));
        var m = Linear ? mu : Math.Exp(mu);
        return m / (m + ((1 / u) - 1));
    }

    // 1 - (1 - u) / ((1 - u_last) / (1 - terminal))
    private double[] Stretched(double[] levels)
    {
        if (Terminal is not { } terminal)
        {
            return levels;
        }

        var scale = (1 - levels[^1]) / (1 - terminal);
        return Array.ConvertAll(levels, u => 1 - ((1 - u) / scale));
    }
}
