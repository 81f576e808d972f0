using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Cli.Commands;

namespace BatchEval.Cli.Tests.Serve;

/// <summary><c>batcheval serve</c> in a process of its own, and a client for it.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder messages = new();

    private ServeProcess(Process process) => this.process = process;

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>What it has written for people so far.</summary>
    public string Log
    {
        get
        {
            lock (messages)
            {
                return messages.ToString();
            }
        }
    }

    public static async Task<ServeProcess> StartAsync(string store)
    {
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in new[] { typeof(ServeCommand).Assembly.Location, "serve", "--port", "0", "--parallel", "2" })
        {
            info.ArgumentList.Add(argument);
        }

        // Not on the command line, where everybody could read it.
        info.Environment["BATCHEVAL_STORE"] = store;
        var serve = new ServeProcess(Process.Start(info)!);
        serve.process.ErrorDataReceived += (_, line) => serve.Note(line.Data);
        serve.process.BeginErrorReadLine();
        var first = await serve.process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
        serve.Client.BaseAddress = new Uri(first.ShouldNotBeNull(serve.messages.ToString()).Split(' ')[2]);
        return serve;
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await Client.GetAsync(new Uri(path, UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonNode.Parse(text)!;
    }

    public async Task<(int Status, JsonNode Document)> PostAsync(string path, string? json = null)
    {
        using var content = json is null ? null : new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await Client.PostAsync(new Uri(path, UriKind.Relative), content);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>Asks until a run is where it should be.</summary>
    public async Task<JsonNode> PollAsync(string run, Func<JsonNode, bool> until)
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            var status = await GetAsync($"/api/runs/{run}");
            if (until(status))
            {
                return status;
            }

            ((string)status["state"]!).ShouldNotBe("failed", messages.ToString());
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(4), messages.ToString());
            await Task.Delay(100);
        }
    }

    /// <summary>Ends it without a warning.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
        process.Dispose();
        Client.Dispose();
    }

    private void Note(string? line)
    {
        lock (messages)
        {
            messages.AppendLine(line);
        }
    }
}
