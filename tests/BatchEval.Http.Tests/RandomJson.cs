using System.Text.Json.Nodes;

namespace BatchEval.Http.Tests;

/// <summary>Makes and spoils JSON documents.</summary>
internal static class RandomJson
{
    private static readonly string[] Names =
        ["name", "model", "seed", "solver", "budget", "search", "objective", "validation", "final", "reference", "baselines", "candidates", "execution", "conditions", "t", "steps", "x", ""];

    private static readonly string[] Texts =
        ["digits", "ddim", "fid", "lpips", "none", "random", "", "é\u0000\"", "../..", "\ud83d\ude00", "1e999", "unipc", "trailing", "karras"];

    private static readonly double[] Numbers = [0, 1, -1, 2, 3, 7.5, 1e9, -1e308, 1e-300, 64, 1000, 2147483648, 18446744073709551615d];

    /// <summary>Any value.</summary>
    public static JsonNode? Any(Random random, int depth) => random.Next(depth > 0 ? 7 : 5) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => Numbers[random.Next(Numbers.Length)],
        3 => Texts[random.Next(Texts.Length)],
        4 => random.Next(-5, 2000),
        5 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Any(random, depth - 1))]),
        _ => Object(random, depth - 1),
    };

    /// <summary>Changes, adds or removes one member somewhere in an object.</summary>
    public static void Change(JsonObject target, Random random)
    {
        var inner = target.Select(p => p.Value).OfType<JsonObject>().ToList();
        if (inner.Count > 0 && random.Next(2) == 0)
        {
            Change(inner[random.Next(inner.Count)], random);
            return;
        }

        var existing = target.Select(p => p.Key).ToList();
        var name = existing.Count > 0 && random.Next(3) > 0 ? existing[random.Next(existing.Count)] : Names[random.Next(Names.Length)];
        if (random.Next(6) == 0)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = Any(random, 3);
        }
    }

    private static JsonObject Object(Random random, int depth)
    {
        var made = new JsonObject();
        for (var i = random.Next(4); i > 0; i--)
        {
            made[Names[random.Next(Names.Length)]] = Any(random, depth);
        }

        return made;
    }
}
