using System.Globalization;
using System.Text;
using BatchEval.Core.Sampling.Skipping;

namespace BatchEval.Workflow.Reports;

/// <summary>The masks of one candidate whose skip policy decides per image; published as <c>masks.json</c> and drawn as <c>masks.svg</c>.</summary>
/// <param name="Candidate">First digits of the candidate's id.</param>
/// <param name="FirstSample">Index of the first sample.</param>
/// <param name="Masks">One mask per sample, see <see cref="StepMask"/>.</param>
public sealed record SkipMaskSheet(string Candidate, string Name, long FirstSample, IReadOnlyList<string> Masks)
{
    /// <summary>Most images that are drawn.</summary>
    public const int MostDrawn = 64;

    private const int CellWidth = 10;
    private const int CellHeight = 6;

    /// <summary>Share of the drawn or undrawn images that compute each row.</summary>
    public IReadOnlyList<double> ComputedShare()
    {
        var masks = Masks.Select(StepMask.Read).ToList();
        return masks.Count == 0 ? [] : [.. Enumerable.Range(0, masks[0].Length).Select(row => (double)masks.Count(m => m[row]) / masks.Count)];
    }

    /// <summary>One line per image, one column per row of the solver, filled where the network was called.</summary>
    public string ToSvg()
    {
        var masks = Masks.Take(MostDrawn).Select(StepMask.Read).ToList();
        var (width, height) = ((masks.Count == 0 ? 0 : masks[0].Length) * CellWidth, masks.Count * CellHeight);
        var path = new StringBuilder();
        for (var line = 0; line < masks.Count; line++)
        {
            for (var row = 0; row < masks[line].Length; row++)
            {
                if (masks[line][row])
                {
                    path.Append(CultureInfo.InvariantCulture, $"M{row * CellWidth} {line * CellHeight}h{CellWidth - 1}v{CellHeight - 1}h-{CellWidth - 1}z");
                }
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Network calls of {masks.Count} images\"><path fill=\"currentColor\" d=\"{path}\"/></svg>");
    }
}
