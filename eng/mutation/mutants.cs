#:property TreatWarningsAsErrors=false
#:property EnableNETAnalyzers=false
#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false
// Runs the mutants of one assembly, mutated by dotnet-stryker, in one process each for many mutants: a mutant then costs its tests and no start of a test host.
//   dotnet run eng/mutation/mutants.cs -- FOLDER REPORT OUT NAMESPACES [FILES]
// FOLDER: test binaries with the mutated BatchEval.Core.dll; REPORT: mutation-report.json of the run that mutated it; OUT: results, one JSON object a line;
// NAMESPACES: comma-separated; tests below them count, but for those of TestCase.Slow. FILES: comma-separated parts of paths; mutants of other files are left out.
// A mutant is killed where a test that covers it fails or runs out of 4 s of processor time. Whether the same test passes without the mutant is checked
// after each kill; where it does not (static state), the mutant is run again in a process of its own, as are survivors that class constructors come by.
using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json;
using System.Text.Json.Nodes;

if (args is ["child", ..]) return Child.Run(args[1..]);
return Driver.Run(args);

internal static class Driver
{
    private const double SecondsOfProcessorTime = 4;

    public static int Run(string[] args)
    {
        var (folder, report, output, namespaces) = (Path.GetFullPath(args[0]), args[1], args[2], args[3]);
        var parts = args.Length > 4 ? args[4].Split(',') : [""];
        var wanted = !File.Exists(report) ? null : (from file in JsonNode.Parse(File.ReadAllText(report))!["files"]!.AsObject()
                      where parts.Any(p => file.Key.Contains(p, StringComparison.Ordinal))
                      from mutant in file.Value!["mutants"]!.AsArray()
                      where (string)mutant!["status"]! is not ("Ignored" or "CompileError")
                      select int.Parse((string)mutant["id"]!)).ToHashSet();
        var coverage = output + ".coverage";
        if (!File.Exists(coverage))
        {
            foreach (var line in Start(folder, ["cover", folder, namespaces, coverage], null).Lines.GetConsumingEnumerable().TakeWhile(l => l is not null)) Console.Error.WriteLine(line);
        }

        var tests = JsonNode.Parse(File.ReadAllText(coverage))!;
        var isStatic = tests["static"]!.AsArray().Select(n => (int)n!).ToHashSet();
        var covered = tests["tests"]!.AsArray().SelectMany(t => t!["mutants"]!.AsArray()).Select(n => (int)n!).ToHashSet();
        var done = File.Exists(output) ? File.ReadLines(output).Select(l => (int)JsonNode.Parse(l)!["id"]!).ToHashSet() : [];
        wanted ??= [.. covered, .. isStatic];
        wanted.ExceptWith(done);
        using var results = new StreamWriter(output, append: true) { AutoFlush = true };
        void Write(int id, string status, string by) => results.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object> { ["id"] = id, ["status"] = status, ["by"] = by }));
        foreach (var id in wanted.Where(id => !covered.Contains(id) && !isStatic.Contains(id))) Write(id, "NoCoverage", "");
        var shared = new Queue<int>(wanted.Where(covered.Contains).Order());
        var alone = new Queue<int>(wanted.Where(id => isStatic.Contains(id) && !covered.Contains(id)).Order());
        while (shared.Count > 0) Batch(shared, alone, "many");
        while (alone.Count > 0) Batch(new([alone.Dequeue()]), null, "one");
        Summary.Print(report, output, parts);
        return 0;

        void Batch(Queue<int> queue, Queue<int>? retry, string mode)
        {
            var ids = queue.ToArray();
            var list = Path.GetTempFileName();
            File.WriteAllLines(list, ids.Select(i => $"{i}"));
            var (child, lines) = Start(folder, [mode, folder, namespaces, coverage, list], mode == "one" ? ids[0] : null);
            var since = TimeSpan.Zero;
            var test = "";
            while (true)
            {
                if (lines.TryTake(out var line, 250))
                {
                    if (line is null) break;
                    var fields = line.Split('\t');
                    since = child.HasExited ? since : child.TotalProcessorTime;
                    if (fields[0] == "T") { test = fields[1]; continue; }
                    if (fields[0] != "R") { Console.Error.WriteLine(line); continue; }
                    queue.Dequeue();
                    if (fields[2] == "Retry" || (fields[2] == "Survived" && retry is not null && isStatic.Contains(int.Parse(fields[1])))) retry!.Enqueue(int.Parse(fields[1]));
                    else Write(int.Parse(fields[1]), fields[2], fields[3]);
                    continue;
                }

                if (!child.HasExited && (child.TotalProcessorTime - since).TotalSeconds > SecondsOfProcessorTime) child.Kill(true);
            }

            child.WaitForExit();
            File.Delete(list);
            if (child.ExitCode != 0 && queue.Count > 0) Write(queue.Dequeue(), child.ExitCode == 137 ? "Timeout" : "Killed", test);
        }
    }

    private static (Process Process, System.Collections.Concurrent.BlockingCollection<string?> Lines) Start(string folder, string[] args, int? active)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, WorkingDirectory = folder };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") info.ArgumentList.Add(typeof(Driver).Assembly.Location);
        foreach (var a in (string[])["child", .. args]) info.ArgumentList.Add(a);
        if (active is { } id) (info.Environment["STRYKER_MUTANT_ID_CONTROL_VAR"], info.Environment["MUTANT"]) = ("MUTANT", $"{id}");
        info.Environment["DOTNET_GCHeapHardLimit"] = "0x80000000";
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        var lines = new System.Collections.Concurrent.BlockingCollection<string?>();
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, e) => lines.Add(e.Data);
        process.BeginOutputReadLine();
        return (process, lines);
    }
}

internal static class Summary
{
    /// <summary>Counts per file, and every survivor with its place.</summary>
    public static void Print(string report, string output, string[] parts)
    {
        var status = new Dictionary<string, string>();
        foreach (var line in File.ReadLines(output).Select(l => JsonNode.Parse(l)!)) status[$"{line["id"]}"] = (string)line["status"]!;
        var all = new Dictionary<string, int>();
        foreach (var (path, file) in JsonNode.Parse(File.ReadAllText(report))!["files"]!.AsObject().Where(f => parts.Any(p => f.Key.Contains(p, StringComparison.Ordinal))))
        {
            var lines = ((string?)file!["source"] ?? string.Empty).Split('\n');
            var counts = new Dictionary<string, int>();
            foreach (var mutant in file["mutants"]!.AsArray().Where(m => status.ContainsKey((string)m!["id"]!)))
            {
                var state = status[(string)mutant!["id"]!];
                counts[state] = counts.GetValueOrDefault(state) + 1;
                all[state] = all.GetValueOrDefault(state) + 1;
                if (state is "Killed" or "Timeout" || mutant["location"] is not { } location) continue;
                var line = (int)location["start"]!["line"]!;
                Console.WriteLine($"  {mutant["id"]} {state} line {line}: {lines[line - 1].Trim()}  ->  {mutant["replacement"]}");
            }

            if (counts.Count > 0) Console.WriteLine($"{path}: {string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}"))}");
        }

        Console.WriteLine($"all: {string.Join(", ", all.Select(c => $"{c.Value} {c.Key}"))}");
    }
}

internal static class Child
{
    public static int Run(string[] args)
    {
        var (mode, folder, namespaces) = (args[0], args[1], args[2].Split(','));
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            File.Exists(Path.Combine(folder, name.Name + ".dll")) ? context.LoadFromAssemblyPath(Path.Combine(folder, name.Name + ".dll")) : null;
        var control = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Combine(folder, "BatchEval.Core.dll")).GetTypes().Single(t => t.Name == "MutantControl");
        var active = control.GetField("ActiveMutant")!;
        if (mode != "one") active.SetValue(null, -1);
        if (mode == "cover") control.GetField("CaptureCoverage")!.SetValue(null, true);
        if (mode != "one") RunClassConstructors(control.Assembly);
        var cases = TestCase.Of(AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Combine(folder, "BatchEval.Core.Tests.dll")), namespaces);
        if (mode == "cover") return Cover(control, cases, args[3]);

        var stored = JsonNode.Parse(File.ReadAllText(args[3]))!["tests"]!.AsArray();
        var order = stored.Select(t => (Name: (string)t!["name"]!, Seconds: (double)t["seconds"]!, Mutants: t["mutants"]!.AsArray().Select(n => (int)n!).ToHashSet()))
            .OrderBy(t => t.Seconds).ToArray();
        var byName = cases.ToDictionary(c => c.Name);
        foreach (var id in File.ReadLines(args[4]).Select(int.Parse))
        {
            active.SetValue(null, id);
            var (status, by) = ("Survived", "");
            foreach (var test in order.Where(t => mode == "one" || t.Mutants.Contains(id)))
            {
                Say($"T\t{test.Name}");
                if (byName[test.Name].Fails() is not { } why) continue;
                (status, by) = ("Killed", test.Name + ": " + why);
                active.SetValue(null, -1);
                if (mode == "many" && byName[test.Name].Fails() is not null)
                {
                    Say($"R\t{id}\tRetry\t");
                    return 0;
                }

                break;
            }

            Say($"R\t{id}\t{status}\t{by}");
        }

        return 0;
    }

    private static int Cover(Type control, IReadOnlyList<TestCase> cases, string path)
    {
        var capture = control.GetField("CaptureCoverage")!;
        var take = control.GetMethod("GetCoverageData")!;
        var tests = new JsonArray();
        var inStatic = new HashSet<int>(((IList<int>[])take.Invoke(null, null)!).SelectMany(ids => ids));
        foreach (var test in cases)
        {
            take.Invoke(null, null);
            if (test.Fails() is { } why) Console.WriteLine($"fails without a mutant: {test.Name}: {why}");
            var data = (IList<int>[])take.Invoke(null, null)!;
            inStatic.UnionWith(data[1]);
            capture.SetValue(null, false);
            var started = Process.GetCurrentProcess().TotalProcessorTime;
            var fails = test.Fails() is not null;
            var seconds = (Process.GetCurrentProcess().TotalProcessorTime - started).TotalSeconds;
            capture.SetValue(null, true);
            Say($"{seconds:F3} s, {data[0].Count} mutants: {test.Name}");
            if (fails) continue;
            tests.Add(new JsonObject { ["name"] = test.Name, ["seconds"] = seconds, ["mutants"] = new JsonArray([.. data[0].Select(i => (JsonNode)i)]) });
        }

        File.WriteAllText(path, new JsonObject { ["static"] = new JsonArray([.. inStatic.Select(i => (JsonNode)i)]), ["tests"] = tests }.ToJsonString());
        return 0;
    }

    // so that what they compute is computed without a mutant, and what mutants they hold is known
    private static void RunClassConstructors(Assembly assembly)
    {
        foreach (var type in assembly.GetTypes().Where(t => !t.ContainsGenericParameters))
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}

/// <summary>A fact, or a theory with one row of data, of xunit 2.</summary>
internal sealed record TestCase(string Name, MethodInfo Method, object?[] Arguments)
{
    // Every operation of a mutated assembly asks which mutant is active: what takes a second without takes minutes with it.
    private static readonly HashSet<string> Slow =
    [
        "Means_zero_and_one_with_identity_covariances_in_2048_dimensions_are_exactly_2048",
        "All_samples_equal_the_definition",
        "The_intercept_has_a_small_part_of_the_bias",
        "The_error_agrees_with_the_spread_over_fresh_samples",
        "A_shift_of_mu_in_every_dimension_is_about_three_d_mu_squared",
        "Sets_of_more_than_one_block_of_rows_on_a_line",
        "The_bits_do_not_depend_on_batches_or_threads",
        "The_estimate_is_unbiased_and_its_error_is_the_spread",
        "Every_rule_descends_strictly_inside_the_range",
        "Equal_distributions_show_the_published_values_of_prdc",
        "The_bits_do_not_depend_on_the_number_of_threads",
        "Stochastic_solvers_reach_the_data_variance",
    ];

    public static IReadOnlyList<TestCase> Of(Assembly assembly, string[] namespaces)
    {
        var cases = new List<TestCase>();
        foreach (var type in assembly.GetExportedTypes().Where(t => !t.IsAbstract && namespaces.Any(n => (t.Namespace + ".").Contains($".{n}.", StringComparison.Ordinal))).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            foreach (var method in type.GetMethods())
            {
                var attributes = method.GetCustomAttributes(true);
                if (!attributes.Any(a => IsA(a.GetType(), "FactAttribute"))) continue;
                var rows = attributes.Where(a => IsA(a.GetType(), "DataAttribute"))
                    .SelectMany(a => (IEnumerable<object?[]>)a.GetType().GetMethod("GetData", [typeof(MethodInfo)])!.Invoke(a, [method])!).ToArray();
                if (rows.Length == 0) rows = [[]];
                if (Slow.Contains(method.Name)) continue;
                for (var i = 0; i < rows.Length; i++) cases.Add(new TestCase($"{type.Name}.{method.Name}[{i}]", method, rows[i]));
            }
        }

        return cases;
    }

    /// <summary>What the test threw, or null.</summary>
    public string? Fails()
    {
        try
        {
            var type = Method.DeclaringType!;
            var parameters = type.GetConstructors()[0].GetParameters();
            var test = Activator.CreateInstance(Method.ReflectedType!, [.. parameters.Select(p => (object)DispatchProxyOf(p.ParameterType))]);
            var formal = Method.GetParameters();
            var actual = formal.Select((p, i) => Rest(p, i) ?? (i < Arguments.Length ? Converted(Arguments[i], p.ParameterType) : p.DefaultValue)).ToArray();
            if (Method.Invoke(test, actual) is Task task) task.GetAwaiter().GetResult();
            (test as IDisposable)?.Dispose();
            return null;
        }
        catch (Exception e)
        {
            var inner = e is TargetInvocationException { InnerException: { } i } ? i : e;
            return inner.GetType().Name;
        }
    }

    // What a params parameter collects, or null for another one
    private Array? Rest(ParameterInfo parameter, int index)
    {
        if (!parameter.IsDefined(typeof(ParamArrayAttribute)) || (index < Arguments.Length && Arguments[index]?.GetType() == parameter.ParameterType)) return null;
        var type = parameter.ParameterType.GetElementType()!;
        var rest = Array.CreateInstance(type, Math.Max(0, Arguments.Length - index));
        for (var i = 0; i < rest.Length; i++) rest.SetValue(Converted(Arguments[index + i], type), i);
        return rest;
    }

    private static object? Converted(object? value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return value is IConvertible && target != value.GetType() && target.IsPrimitive ? Convert.ChangeType(value, target, System.Globalization.CultureInfo.InvariantCulture) : value;
    }

    private static bool IsA(Type? type, string name) => type is not null && (type.Name == name || IsA(type.BaseType, name));

    private static object DispatchProxyOf(Type type) => typeof(DispatchProxy).GetMethod("Create", 2, [])!.MakeGenericMethod(type, typeof(Silent)).Invoke(null, null)!;
}

#pragma warning disable CA1852
internal class Silent : DispatchProxy
{
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => null;
}
