// Within Snakemake's report this page has no address, so that its links lead nowhere: the report
// opens what they name, and has no tables.
if (location.protocol === "data:") {
  for (const files of document.querySelectorAll(".files")) files.hidden = true;
  for (const link of document.querySelectorAll("a[href]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      parent.postMessage({ geomem: `results/${link.getAttribute("href")}` }, "*");
    });
  }
}
