using System.Globalization;
using System.Text;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Reports;

/// <summary>The table of a candidate with numbers of its own beside that of its solver at the same times.</summary>
/// <param name="Candidate">The candidate.</param>
/// <param name="Rows">One entry per network call, in order.</param>
public sealed record SamplerSheet(Candidate Candidate, IReadOnlyList<SamplerSheetRow> Rows)
{
    private const int BarWidth = 9;
    private const int GroupGap = 8;
    private const int Height = 150;
    private const int Foot = 34;

    /// <summary>The sheet of a candidate; null for one without numbers of its own.</summary>
    public static SamplerSheet? Of(Candidate candidate, NoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        if (!candidate.HasNumbers)
        {
            return null;
        }

        var plain = new Candidate(candidate.Solver, candidate.Steps.Select(s => new CandidateStep(s.Time, s.Drop, s.Reuse)), candidate.Skip, candidate.End);
        var rows = Solver.Table(candidate, schedule).Rows.Zip(Solver.Table(plain, schedule).Rows);
        return new SamplerSheet(candidate, [.. rows.Select(r => new SamplerSheetRow(
            candidate.Steps[r.First.Step].Time, r.First.NetworkTime, r.First.OutputScale, candidate.Steps[r.First.Step].Numbers ?? new StepNumbers(), Coefficients(r.First.Next), Coefficients(r.Second.Next)))]);
    }

    /// <summary>Coefficients of the state and of the data predictions in each row: outlined the solver's, filled the candidate's.</summary>
    public string ToSvg()
    {
        var columns = Rows.Max(r => Math.Max(r.Own.Count, r.Base.Count));
        var step = (columns * ((2 * BarWidth) + 3)) + GroupGap;
        var (width, most) = ((Rows.Count * step) + 34, Rows.SelectMany(r => r.Own.Concat(r.Base)).Max(Math.Abs));
        var (zero, scale) = (Height / 2, ((Height / 2) - 8) / Math.Max(most, 1e-9));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{Height + Foot}\" viewBox=\"0 0 {width} {Height + Foot}\" role=\"img\" aria-label=\"Coefficients of each row, the solver's and the candidate's\" font-size=\"9\" fill=\"currentColor\">");
        svg.Append(CultureInfo.InvariantCulture, $"<path stroke=\"currentColor\" stroke-width=\".5\" d=\"M30 {zero}H{width}\"/><text x=\"26\" y=\"{zero + 3}\" text-anchor=\"end\">0</text><text x=\"26\" y=\"{F(zero - (most * scale) + 3)}\" text-anchor=\"end\">{most:0.00}</text>");
        for (var i = 0; i < Rows.Count; i++)
        {
            var (row, left) = (Rows[i], 34 + (i * step));
            for (var j = 0; j < columns; j++)
            {
                var x = left + (j * ((2 * BarWidth) + 3));
                Bar(svg, x, zero, row.Base.ElementAtOrDefault(j) * scale, filled: false);
                Bar(svg, x + BarWidth, zero, row.Own.ElementAtOrDefault(j) * scale, filled: true);
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + BarWidth}\" y=\"{Height + 10}\" text-anchor=\"middle\">{Label(j)}</text>");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left}\" y=\"{Height + 26}\" font-weight=\"bold\">t = {row.Time:0.###}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>Name of a coefficient: x for the state, D0, D1 and so on for this call's data prediction and those before it.</summary>
    public static string Label(int index) => index == 0 ? "x" : string.Create(CultureInfo.InvariantCulture, $"D{index - 1}");

    // The state that solvers carry beside x counts as x.
    private static double[] Coefficients(LinearCombination c)
    {
        double[] all = [c.State + c.Anchor, c.Raw + c.Data.ElementAtOrDefault(0), .. c.Data.Skip(1)];
        return [.. all.Take(Math.Max(2, Array.FindLastIndex(all, v => v != 0) + 1))];
    }

    private static void Bar(StringBuilder svg, int x, int zero, double height, bool filled)
    {
        var (y, tall) = (height >= 0 ? zero - height : zero, Math.Abs(height));
        svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x + 0.5}\" y=\"{F(y)}\" width=\"{BarWidth - 1}\" height=\"{F(tall)}\" stroke=\"currentColor\" stroke-width=\".7\"{(filled ? string.Empty : " fill=\"none\"")}/>");
    }

    private static string F(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

/// <summary>One network call.</summary>
/// <param name="Time">Time of its step.</param>
/// <param name="NetworkTime">Time that the network is told.</param>
/// <param name="OutputScale">Factor on its output.</param>
/// <param name="Numbers">The candidate's numbers of the step.</param>
/// <param name="Own">Coefficients of the state and of the data predictions, newest first.</param>
/// <param name="Base">The same of the solver alone.</param>
public sealed record SamplerSheetRow(double Time, double NetworkTime, double OutputScale, StepNumbers Numbers, IReadOnlyList<double> Own, IReadOnlyList<double> Base);
