using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.Json.Nodes;

namespace BatchEval.Workflow.Tests.Fuzzing;

/// <summary>Ways to damage an input, each from a seeded generator.</summary>
internal static class Mutations
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "2", "0.5", "1e308", "1e999", "-1e999", "2147483648", "18446744073709551616", "1e-320", "\"\"", "\"x\"", "\"NaN\"", "\"\\ud800\"",
        "\"\\u0000\"", "\"../../etc/passwd\"", "[]", "{}", "[[[[[[[[1]]]]]]]]", "[1, 1, 1]", "[\"a\", null, 3]", "{\"a\": {\"b\": []}}", "1.0000000000000000001", "\"" + new string('é', 3000) + "\"",
    ];

    /// <summary>Flips bits, overwrites, cuts, repeats or removes parts.</summary>
    public static byte[] Bytes(byte[] seed, Random random)
    {
        var bytes = seed.ToList();
        for (var n = random.Next(1, 5); n > 0 && bytes.Count > 4; n--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)(random.Next(2) == 0 ? 255 : random.Next(256)); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 5: for (var i = 0; i < length; i++) bytes[at + i] = (byte)random.Next(256); break;
                default:
                    uint[] extremes = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000];
                    var value = BitConverter.GetBytes(extremes[random.Next(extremes.Length)]);
                    for (var i = 0; i < 4 && at + i < bytes.Count; i++) bytes[at + i] = value[i];
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Replaces, removes, repeats or renames members and elements; sometimes damages the text.</summary>
    public static byte[] Json(string seed, Random random)
    {
        var root = JsonNode.Parse(seed)!;
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var containers = Containers(root).ToList();
            var container = containers[random.Next(containers.Count)];
            if (container is JsonObject { Count: > 0 } members)
            {
                Change(members, random);
            }
            else if (container is JsonArray { Count: > 0 } items)
            {
                Change(items, random);
            }
        }

        var text = root.ToJsonString();
        if (random.Next(3) == 0)
        {
            // What a tree cannot hold: numbers out of range, half of a surrogate pair, a member twice.
            var at = text.IndexOf(':', random.Next(text.Length));
            var end = at < 0 ? -1 : text.IndexOfAny([',', '}'], at);
            text = end < 0 ? text : text[..(at + 1)] + Values[random.Next(Values.Length)] + text[end..];
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        return random.Next(4) == 0 ? Bytes(bytes, random) : bytes;
    }

    /// <summary>Changes whole chunks of a PNG file, with checksums that fit.</summary>
    public static byte[] Png(byte[] seed, Random random)
    {
        var chunks = new List<(byte[] Type, byte[] Data)>();
        for (var at = 8; at + 12 <= seed.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(seed.AsSpan(at));
            chunks.Add((seed[(at + 4)..(at + 8)], seed[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        var which = random.Next(chunks.Count);
        switch (random.Next(4))
        {
            case 0: chunks.RemoveAt(which); break;
            case 1: chunks.Insert(random.Next(chunks.Count + 1), chunks[which]); break;
            case 2: chunks.Reverse(); break;
            default: chunks[which] = (chunks[which].Type, chunks[which].Data.Length > 4 ? Bytes(chunks[which].Data, random) : [0]); break;
        }

        using var file = new MemoryStream();
        file.Write(seed.AsSpan(0, 8));
        var number = new byte[4];
        foreach (var (type, data) in chunks)
        {
            BinaryPrimitives.WriteUInt32BigEndian(number, (uint)data.Length);
            file.Write(number);
            file.Write(type);
            file.Write(data);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32([.. type, .. data]));
            file.Write(number);
        }

        return file.ToArray();
    }

    private static void Change(JsonObject members, Random random)
    {
        var name = members.ElementAt(random.Next(members.Count)).Key;
        switch (random.Next(4))
        {
            case 0: members.Remove(name); break;
            case 1: members[name] = Value(random); break;
            case 2:
                var moved = members[name]?.DeepClone();
                members.Remove(name);
                members[name + "x"] = moved;
                break;
            default: members[members.ElementAt(random.Next(members.Count)).Key] = members[name]?.DeepClone(); break;
        }
    }

    private static void Change(JsonArray items, Random random)
    {
        var at = random.Next(items.Count);
        switch (random.Next(4))
        {
            case 0: items.RemoveAt(at); break;
            case 1: items[at] = Value(random); break;
            case 2: items.Insert(random.Next(items.Count + 1), items[at]?.DeepClone()); break;
            default:
                for (var n = random.Next(1, 400); n > 0; n--) items.Add(items[at]?.DeepClone());
                break;
        }
    }

    private static JsonNode? Value(Random random)
    {
        var text = Values[random.Next(Values.Length)];
        return text.Contains("\\ud800", StringComparison.Ordinal) ? JsonValue.Create("half") : JsonNode.Parse(text);
    }

    private static IEnumerable<JsonNode> Containers(JsonNode node)
    {
        yield return node;
        var children = node switch
        {
            JsonObject members => members.Select(m => m.Value),
            JsonArray items => items,
            _ => [],
        };
        foreach (var child in children.Where(c => c is JsonObject or JsonArray))
        {
            foreach (var below in Containers(child!))
            {
                yield return below;
            }
        }
    }
}
