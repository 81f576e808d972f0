namespace BatchEval.Workflow.Storage;

/// <summary>Names of all blobs in the container; the layout is drawn in <c>docs/blob-layout.md</c>.</summary>
public static class BlobNames
{
    /// <summary>Container that holds everything.</summary>
    public const string Container = "runs";

    /// <summary>Results shared by all runs, addressed by content.</summary>
    public const string ShardRoot = "_cells/";

    /// <summary>Encoded prompts, shared by all runs.</summary>
    public static string Embeddings(string key) => $"_embeddings/{key}.npz";

    /// <summary>Who computes what at the moment.</summary>
    public const string ClaimRoot = "_claims/";

    public static string Claim(string work) => $"{ClaimRoot}{work}.json";

    /// <summary>The processes that take part in a run at the moment, whether or not they are computing.</summary>
    public static string Present(string run, string file) => $"_present/{run}/{file}";

    public const string WorkerRoot = "_workers/";

    /// <summary>The specification, every default spelled out.</summary>
    public static string Specification(string run) => $"{run}/spec.json";

    /// <summary>What the run found out about the model before it began.</summary>
    public static string Model(string run) => $"{run}/model.json";

    /// <summary>What the model costs, as counted and measured when the run began.</summary>
    public static string Costs(string run) => $"{run}/costs.json";

    /// <summary>The rounds that the run will consist of, as foreseen when it began.</summary>
    public static string Forecast(string run) => $"{run}/forecast.json";

    /// <summary>What a schedule method proposes, computed once.</summary>
    public static string Schedules(string run) => $"{run}/schedules.json";

    /// <summary>Where the run stands; the only blob of a run that is written more than once.</summary>
    public static string Status(string run) => $"{run}/run.json";

    /// <summary>What a worker must have to work on the run; written when it is submitted to workers.</summary>
    public static string Hub(string run) => $"{run}/hub.json";

    /// <summary>What a worker says about itself while it works.</summary>
    public static string Worker(string id) => $"{WorkerRoot}{id}.json";

    /// <summary>What a process has computed of a run so far.</summary>
    public static string Work(string run, string file) => $"_work/{run}/{file}";

    /// <summary>Prefix of the files of all rounds.</summary>
    public static string Rounds(string run) => $"{run}/generations/";

    /// <summary>What is known when a round begins.</summary>
    public static string State(string run, int round) => $"{run}/generations/{round:D4}/state.json";

    /// <summary>A round's candidates and units.</summary>
    public static string Plan(string run, int round) => $"{run}/generations/{round:D4}/plan.json";

    public static string Scores(string run, int round) => $"{run}/generations/{round:D4}/scores.json";

    /// <summary>Stands for a candidate's id where the images of the unaccelerated sampler lie.</summary>
    public const string Reference = "reference";

    public static string Candidate(string run, string candidate, string file) => $"{run}/candidates/{candidate}/{file}";

    public static string Result(string run, string file) => $"{run}/{file}";

    /// <summary>A file that users paste into their pipeline.</summary>
    public static string Best(string run, string file) => $"{run}/best/{file}";

    /// <summary>A file of one shard; <c>result.json</c> is written last and is the commit.</summary>
    public static string Shard(string key, string file) => $"{ShardRoot}{key[..2]}/{key}/{file}";
}
